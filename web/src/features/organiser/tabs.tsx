import type { ReactElement } from "react";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";

export function OrganiseTabs({ here }: { here: "organise" | "users" | "audit" }): ReactElement {
    const { t } = useWords();
    return (
        <nav className="tabs" aria-label={t("organise.title")}>
            <Link to="organise" aria-current={here === "organise" ? "page" : undefined}>{t("organise.events")}</Link>
            <Link to="users" aria-current={here === "users" ? "page" : undefined}>{t("organise.users")}</Link>
            <Link to="audit" aria-current={here === "audit" ? "page" : undefined}>{t("organise.audit")}</Link>
        </nav>
    );
}

/** What belongs to one event. */
export function EventTabs({ id, here }: { id: string; here: "dashboard" | "eventOrders" | "editEvent" }): ReactElement {
    const { t } = useWords();
    return (
        <nav className="tabs" aria-label={t("organise.events")}>
            <Link to="dashboard" parameters={{ id }} aria-current={here === "dashboard" ? "page" : undefined}>
                {t("dash.title")}
            </Link>
            <Link to="eventOrders" parameters={{ id }} aria-current={here === "eventOrders" ? "page" : undefined}>
                {t("dash.orders")}
            </Link>
            <Link to="editEvent" parameters={{ id }} aria-current={here === "editEvent" ? "page" : undefined}>
                {t("dash.edit")}
            </Link>
            <Link to="gate" parameters={{ id }}>{t("dash.gate")}</Link>
            <Link to="event" parameters={{ id }}>{t("dash.page")}</Link>
        </nav>
    );
}
