import type { ReactElement } from "react";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";

/** What one has, and how one came to it. */
export function TicketTabs({ here }: { here: "tickets" | "orders" }): ReactElement {
    const { t } = useWords();
    return (
        <nav className="tabs" aria-label={t("tickets.title")}>
            <Link to="tickets" aria-current={here === "tickets" ? "page" : undefined}>{t("tickets.tab")}</Link>
            <Link to="orders" aria-current={here === "orders" ? "page" : undefined}>{t("tickets.orders")}</Link>
        </nav>
    );
}
