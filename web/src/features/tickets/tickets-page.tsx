import type { ReactElement } from "react";
import type { Ticket } from "#openapi";
import { call } from "../../api/client";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { usePagedList } from "../../state/resource";
import { Button } from "../../ui/controls";
import { Empty, ErrorNotice, Skeleton } from "../../ui/feedback";
import { TicketCard } from "./ticket-card";
import { TicketTabs } from "./tabs";

/** A ticket is of use until so long after its event began. */
const SHOW_MS = 12 * 3_600_000;

export function isOfUse(ticket: Ticket, now: number): boolean {
    return ticket.status === "valid" && Date.parse(ticket.event.eventDate) + SHOW_MS > now;
}

export function TicketsPage(): ReactElement {
    const { t } = useWords();
    const tickets = usePagedList<Ticket>("tickets", (cursor, signal) =>
        call("listTickets", { query: cursor === undefined ? {} : { cursor }, signal }),
    );
    const now = Date.now();
    const upcoming = tickets.items?.filter((ticket) => isOfUse(ticket, now))
        .sort((one, other) =>
            Date.parse(one.event.eventDate) - Date.parse(other.event.eventDate) ||
                one.orderId.localeCompare(other.orderId) || one.number - other.number);
    const past = tickets.items?.filter((ticket) => !isOfUse(ticket, now));
    return (
        <Page title={t("tickets.title")}>
            <TicketTabs here="tickets" />
            {tickets.error !== undefined && <ErrorNotice error={tickets.error} onRetry={tickets.reload} />}
            {tickets.items === undefined && tickets.error === undefined && <Skeleton lines={4} isCard />}
            {tickets.items?.length === 0 && (
                <Empty icon="ticket" title={t("tickets.none")}>
                    <p>{t("tickets.none.text")}</p>
                    <Link to="events" className="button primary">{t("app.toEvents")}</Link>
                </Empty>
            )}
            {upcoming !== undefined && upcoming.length > 0 && (
                <section>
                    <h2>{t("tickets.upcoming")}</h2>
                    <div className="tickets">
                        {upcoming.map((ticket) => <TicketCard key={ticket.code} ticket={ticket} level="h3" />)}
                    </div>
                </section>
            )}
            {past !== undefined && past.length > 0 && (
                <section className="no-print">
                    <h2>{t("tickets.past")}</h2>
                    <div className="tickets">
                        {past.map((ticket) => <TicketCard key={ticket.code} ticket={ticket} level="h3" />)}
                    </div>
                </section>
            )}
            {tickets.hasMore && (
                <div className="more">
                    <Button isBusy={tickets.isLoadingMore} onClick={tickets.loadMore}>{t("app.more")}</Button>
                </div>
            )}
        </Page>
    );
}
