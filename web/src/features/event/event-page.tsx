import { useEffect, useState, type ReactElement } from "react";
import { call, learnServerTime, serverClock } from "../../api/client";
import { renewBefore } from "../../api/session";
import { chunk } from "../../app/chunk";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { useResource } from "../../state/resource";
import { Empty, ErrorNotice, Skeleton } from "../../ui/feedback";
import { Icon } from "../../ui/icons";
import { bandOf } from "../events/band";
import { BandBadge } from "../events/band-badge";
import { EventImage } from "../events/event-image";
import { useServerNow } from "../events/server-now";
import { BuyBox } from "./buy-box";

/** What an accepted purchase goes to. It is fetched before: at the opening there is enough to do. */
const fetchOrderPage = (): Promise<unknown> => chunk(() => import("../orders/order-page")).catch(() => undefined);

/** How often the event is looked at: changes show at the server within a second, and most who wait need no news. */
const REFRESH_MS = 4000;
const CALM_REFRESH_MS = 20_000;
/** Before the opening, how long it is calm. */
const CALM_UNTIL_MS = 120_000;
/** Clocks drift, and laptops sleep. */
const CLOCK_MS = 60_000;

export function EventPage({ id }: { id: string }): ReactElement {
    const words = useWords();
    const { t } = words;
    const [refreshMs, setRefreshMs] = useState(REFRESH_MS);
    const { value: event, error, reload } = useResource(
        id, (signal) => call("event", { as: "none", path: { id }, signal }), refreshMs,
    );
    const now = useServerNow(event?.saleOpensAt === undefined ? undefined : Date.parse(event.saleOpensAt));
    const msLeft = event?.saleState === "scheduled" && event.saleOpensAt !== undefined
        ? Date.parse(event.saleOpensAt) - now
        : 0;
    const isCalm = msLeft > CALM_UNTIL_MS;
    useEffect(() => void fetchOrderPage(), []);
    const opensAt = event?.saleState === "scheduled" ? event.saleOpensAt : undefined;
    useEffect(
        () => (opensAt === undefined ? undefined : renewBefore(Date.parse(opensAt) - serverClock.offset)), [opensAt],
    );
    useEffect(() => setRefreshMs(isCalm ? CALM_REFRESH_MS : REFRESH_MS), [isCalm]);

    useEffect(() => {
        const abort = new AbortController();
        const learn = (): void => {
            if (document.visibilityState === "visible") void learnServerTime(abort.signal);
        };
        learn();
        const timer = setInterval(learn, CLOCK_MS);
        document.addEventListener("visibilitychange", learn);
        return () => {
            abort.abort();
            clearInterval(timer);
            document.removeEventListener("visibilitychange", learn);
        };
    }, []);

    if (event === undefined) {
        if (error === undefined) return <div className="page wide"><Skeleton lines={8} /></div>;
        if (error.status !== 404) return <div className="page"><ErrorNotice error={error} onRetry={reload} /></div>;
        return (
            <Page title={t("event.missing")}>
                <Empty icon="calendar" title={t("app.notFound.text")}>
                    <Link to="events" className="button primary">{t("app.toEvents")}</Link>
                </Empty>
            </Page>
        );
    }
    const band = bandOf(event, now);
    return (
        <Page title={event.title} width="wide" lead={<BandBadge band={band} />}>
            <div className="event-layout">
                <div className="event-picture large"><EventImage event={event} isEager /></div>
                <div className="event-side">
                    {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
                    <BuyBox event={event} now={now} onLook={reload} />
                </div>
                <div className="event-about">
                    <dl className="facts">
                        <div>
                            <dt><Icon name="calendar" label={t("event.date")} /></dt>
                            <dd>{words.dateTime(event.eventDate)}</dd>
                        </div>
                        <div><dt><Icon name="pin" label={t("event.venue")} /></dt><dd>{event.venue}</dd></div>
                        <div>
                            <dt><Icon name="ticket" label={t("event.price")} /></dt>
                            <dd>
                                {event.ticketPrice.amount === 0
                                    ? t("event.free")
                                    : (
                                        <>
                                            {words.money(event.ticketPrice)} <span className="hint">{t("event.perTicket")}</span>
                                        </>
                                    )}
                            </dd>
                        </div>
                        {event.saleClosesAt !== undefined && (
                            <div>
                                <dt><Icon name="clock" /></dt>
                                <dd>{t("event.closes", { when: words.dateTime(event.saleClosesAt) })}</dd>
                            </div>
                        )}
                    </dl>
                    {event.description !== "" && (
                        <section>
                            <h2>{t("event.about")}</h2>
                            {event.description.split(/\n{2,}/).map((paragraph, index) => (
                                <p key={index} className="prose">{paragraph}</p>
                            ))}
                        </section>
                    )}
                </div>
            </div>
        </Page>
    );
}
