import { useEffect, useState, type ReactElement } from "react";
import type { Event } from "#openapi";
import { call } from "../../api/client";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { here, navigate } from "../../router/location";
import { usePagedList } from "../../state/resource";
import { useStore } from "../../state/store";
import { Button, classes, TextField } from "../../ui/controls";
import { Empty, ErrorNotice, Skeleton } from "../../ui/feedback";
import { Icon } from "../../ui/icons";
import { bandOf } from "./band";
import { BandBadge } from "./band-badge";
import { EventImage } from "./event-image";
import { useServerNow } from "./server-now";

/** After the last key. */
const TYPING_MS = 250;
/** The list is at most a second old at the server; somebody who looks at it sees sales open and sell out. */
const REFRESH_MS = 15_000;
const PAGE_ITEMS = 24;

interface Filter {
    q: string;
    from: string;
    to: string;
}

function filterOf(search: string): Filter {
    const query = new URLSearchParams(search);
    return { q: query.get("q") ?? "", from: query.get("from") ?? "", to: query.get("to") ?? "" };
}

/** Midnight at the visitor's place; `later` days after the day. */
function midnight(day: string, later = 0): string | undefined {
    if (!/^\d{4}-\d\d-\d\d$/.test(day)) return undefined;
    const date = new Date(`${day}T00:00:00`);
    date.setDate(date.getDate() + later);
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export function EventsPage(): ReactElement {
    const { t } = useWords();
    const { search } = useStore(here);
    const filter = filterOf(search);
    const [typed, setTyped] = useState(filter.q);
    const isFiltered = filter.q !== "" || filter.from !== "" || filter.to !== "";
    const events = usePagedList<Event>(`${filter.q}|${filter.from}|${filter.to}`, (cursor, signal) =>
        call("listEvents", {
            as: "none", signal,
            query: clean({
                q: filter.q, from: midnight(filter.from), to: midnight(filter.to, 1), cursor, limit: PAGE_ITEMS,
            }),
        }),
    );
    const { reload } = events;
    const isFirstPage = (events.items?.length ?? 0) <= PAGE_ITEMS;

    function change(next: Partial<Filter>): void {
        const query = new URLSearchParams();
        for (const [key, value] of Object.entries({ ...filter, ...next })) if (value !== "") query.set(key, value);
        const text = query.toString();
        navigate(text === "" ? "/" : `/?${text}`, { replace: true });
    }

    useEffect(() => {
        if (typed === filter.q) return undefined;
        const timer = setTimeout(() => change({ q: typed }), TYPING_MS);
        return () => clearTimeout(timer);
        // Only what is typed begins the pause.
    }, [typed]);

    useEffect(() => {
        // Further pages would be lost by it.
        if (!isFirstPage) return undefined;
        const timer = setInterval(() => {
            if (document.visibilityState === "visible") reload();
        }, REFRESH_MS);
        return () => clearInterval(timer);
    }, [reload, isFirstPage]);

    return (
        <Page title={t("events.title")} lead={<p>{t("events.lead")}</p>} width="wide">
            <form
                className="filter" role="search" onSubmit={(event) => { event.preventDefault(); change({ q: typed }); }}
            >
                <TextField
                    label={t("events.search")} type="search" placeholder={t("events.search.hint")} value={typed}
                    maxLength={150}
                    onChange={(event) => setTyped(event.target.value)}
                />
                <TextField
                    label={t("events.from")} type="date" value={filter.from} max={filter.to || undefined}
                    onChange={(event) => change({ from: event.target.value })}
                />
                <TextField
                    label={t("events.to")} type="date" value={filter.to} min={filter.from || undefined}
                    onChange={(event) => change({ to: event.target.value })}
                />
                {isFiltered && (
                    <Button
                        look="quiet" icon="cross" onClick={() => { setTyped(""); navigate("/", { replace: true }); }}
                    >{t("events.clear")}</Button>
                )}
            </form>
            <p className="visually-hidden" role="status">
                {isFiltered && events.items !== undefined && t("events.found", { count: events.items.length })}
            </p>
            {events.error !== undefined && (
                <ErrorNotice error={events.error} title={t("events.failed")} onRetry={reload} />
            )}
            {events.items === undefined && events.error === undefined && (
                <div className="events">
                    {Array.from({ length: 6 }, (_, index) => <Skeleton key={index} isCard lines={3} />)}
                </div>
            )}
            {events.items !== undefined && events.items.length === 0 && (
                isFiltered
                    ? <Empty icon="search" title={t("events.nothing")}><p>{t("events.nothing.text")}</p></Empty>
                    : <Empty icon="calendar" title={t("events.none")}><p>{t("events.none.text")}</p></Empty>
            )}
            {events.items !== undefined && events.items.length > 0 && (
                <ul className="events">
                    {events.items.map((event, index) => (
                        <EventCard key={event.id} event={event} isFirst={index === 0 && !isFiltered} />
                    ))}
                </ul>
            )}
            {events.hasMore && (
                <div className="more">
                    <Button isBusy={events.isLoadingMore} onClick={events.loadMore}>{t("app.more")}</Button>
                </div>
            )}
        </Page>
    );
}

function EventCard({ event, isFirst }: { event: Event; isFirst: boolean }): ReactElement {
    const words = useWords();
    const { t } = words;
    const now = useServerNow(event.saleOpensAt === undefined ? undefined : Date.parse(event.saleOpensAt));
    const band = bandOf(event, now);
    const day = words.day(event.eventDate);
    const isOver = band.kind === "soldOut" || band.kind === "closed" || band.kind === "cancelled" ||
        band.kind === "past";
    return (
        <li className={classes("event-card", isFirst && "first", isOver && "over")}>
            <Link to="event" parameters={{ id: event.id }} className="event-link">
                <div className="event-picture">
                    <EventImage event={event} isEager={isFirst} />
                    <p className="date-block" aria-hidden="true">
                        <span>{day.month}</span>
                        <strong>{day.day}</strong>
                        <span>{day.weekday}</span>
                    </p>
                </div>
                <div className="event-facts">
                    <h2>{event.title}</h2>
                    <p className="where">
                        <span className="visually-hidden">{words.dateTime(event.eventDate)}, </span>
                        <Icon name="pin" size={16} /> {event.venue}
                    </p>
                    <p className="event-foot">
                        <span className="price">
                            {event.ticketPrice.amount === 0 ? t("event.free") : words.money(event.ticketPrice)}
                        </span>
                        <BandBadge band={band} />
                    </p>
                </div>
            </Link>
        </li>
    );
}

/** Without the fields that have no value. */
export function clean<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
    return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined && field !== "")) as {
        [Key in keyof Value]: Exclude<Value[Key], undefined>;
    };
}
