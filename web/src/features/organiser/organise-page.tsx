import { useEffect, useState, type ReactElement } from "react";
import type { Event } from "#openapi";
import { call } from "../../api/client";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { usePagedList } from "../../state/resource";
import { Button, TextField } from "../../ui/controls";
import { Empty, ErrorNotice, Skeleton } from "../../ui/feedback";
import { bandOf } from "../events/band";
import { BandBadge } from "../events/band-badge";
import { EventImage } from "../events/event-image";
import { useServerNow } from "../events/server-now";
import { OrganiseTabs } from "./tabs";

/** After the last key. */
export const TYPING_MS = 250;

/** A text that follows what is typed, once the typing pauses. */
export function useTyped(): readonly [typed: string, settled: string, set: (text: string) => void] {
    const [typed, setTyped] = useState("");
    const [settled, setSettled] = useState("");
    useEffect(() => {
        const timer = setTimeout(() => setSettled(typed.trim()), TYPING_MS);
        return () => clearTimeout(timer);
    }, [typed]);
    return [typed, settled, setTyped];
}

export function OrganisePage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const [typed, q, setTyped] = useTyped();
    const events = usePagedList<Event>(`organise|${q}`, (cursor, signal) =>
        call("listEvents", {
            as: "none", signal, cache: "no-store",
            query: { limit: 50, ...(q === "" ? {} : { q }), ...(cursor === undefined ? {} : { cursor }) },
        }),
    );
    return (
        <Page
            title={t("organise.title")} width="wide"
            actions={<Link to="newEvent" className="button primary">{t("organise.new")}</Link>}
        >
            <OrganiseTabs here="organise" />
            <div className="filter">
                <TextField
                    label={t("events.search")} type="search" value={typed} maxLength={150}
                    onChange={(event) => setTyped(event.target.value)}
                />
            </div>
            {events.error !== undefined && <ErrorNotice error={events.error} onRetry={events.reload} />}
            {events.items === undefined && events.error === undefined && <Skeleton lines={6} />}
            {events.items?.length === 0 && (
                <Empty icon="calendar" title={t(q === "" ? "organise.none" : "events.nothing")}>
                    <p>{q === "" ? t("organise.none.text") : t("events.nothing.text")}</p>
                </Empty>
            )}
            {events.items !== undefined && events.items.length > 0 && (
                <ul className="order-list">{events.items.map((event) => <Row key={event.id} event={event} />)}</ul>
            )}
            {events.hasMore && (
                <div className="more">
                    <Button isBusy={events.isLoadingMore} onClick={events.loadMore}>{t("app.more")}</Button>
                </div>
            )}
        </Page>
    );
}

function Row({ event }: { event: Event }): ReactElement {
    const words = useWords();
    const { t } = words;
    const now = useServerNow();
    const sold = event.totalTickets - event.availableTickets;
    return (
        <li>
            <Link to="dashboard" parameters={{ id: event.id }} className="order-row with-thumb">
                <span className="thumb"><EventImage event={event} /></span>
                <span className="order-what">
                    <strong>{event.title}</strong>
                    <span className="hint">{words.dateTime(event.eventDate)} · {event.venue}</span>
                </span>
                <span className="sold">
                    <span>{t("organise.sold", { sold, total: event.totalTickets })}</span>
                    <progress max={Math.max(1, event.totalTickets)} value={sold} aria-hidden="true" />
                </span>
                <span className="order-state"><BandBadge band={bandOf(event, now)} /></span>
            </Link>
        </li>
    );
}
