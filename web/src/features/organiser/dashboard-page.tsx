import { useEffect, useRef, useState, type ReactElement } from "react";
import type { Ledger } from "#openapi";
import { call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { useResource } from "../../state/resource";
import { BarList, LineChart } from "../../ui/chart";
import { classes } from "../../ui/controls";
import { Badge, ErrorNotice, Notice, Skeleton } from "../../ui/feedback";
import { LiveSale, type LivePoint } from "./live";
import { parseMetrics } from "./metrics";
import { SaleControl } from "./sale-control";
import { EventTabs } from "./tabs";

/** Between two looks: fast enough to see a sale of seconds. */
const LOOK_MS = 1000;
/** After so long without an answer what is shown is called old. */
const STALE_MS = 5000;

interface Watched {
    sale: LiveSale;
    /** Counts looks: the sale is one object all the time. */
    looks: number;
    error: ApiError | undefined;
    hasMetrics: boolean;
    lookedAt: number;
}

/** Looks at the ledger and the metrics again and again. A hidden page looks too: its charts must not have holes. */
function useLive(id: string): Watched {
    const sale = useRef(new LiveSale());
    const [state, setState] = useState<Omit<Watched, "sale">>({
        looks: 0, error: undefined, hasMetrics: true, lookedAt: Date.now(),
    });
    useEffect(() => {
        const abort = new AbortController();
        let timer: ReturnType<typeof setTimeout>;
        async function look(): Promise<void> {
            const startedAt = Date.now();
            try {
                const [ledger, metrics] = await Promise.all([
                    call("ledger", { path: { id }, signal: abort.signal }),
                    // A deployment may keep its metrics from the public; then their part stays empty.
                    call("metrics", { as: "none", signal: abort.signal }).then((text) => text.text()).catch(() => undefined),
                ]);
                if (abort.signal.aborted) return;
                sale.current.add(ledger, metrics === undefined ? undefined : parseMetrics(metrics), Date.now());
                setState((before) => ({
                    looks: before.looks + 1, error: undefined, hasMetrics: metrics !== undefined, lookedAt: Date.now(),
                }));
            } catch (failure) {
                if (abort.signal.aborted) return;
                setState((before) => ({ ...before, looks: before.looks + 1, error: ApiError.of(failure) }));
            }
            timer = setTimeout(() => void look(), Math.max(200, LOOK_MS - (Date.now() - startedAt)));
        }
        void look();
        return () => {
            abort.abort();
            clearTimeout(timer);
        };
    }, [id]);
    return { sale: sale.current, ...state };
}

export function DashboardPage({ id }: { id: string }): ReactElement {
    const words = useWords();
    const { t } = words;
    const { value: event, error, reload, replace } = useResource(
        id, (signal) => call("event", { as: "none", path: { id }, signal, cache: "no-store" }), 5000,
    );
    const live = useLive(id);
    const { sale } = live;
    const now = sale.points[sale.points.length - 1];
    const age = Date.now() - live.lookedAt;
    if (event === undefined) {
        return (
            <div className="page wide">
                {error === undefined ? <Skeleton lines={8} /> : <ErrorNotice error={error} onRetry={reload} />}
            </div>
        );
    }
    const refused = Object.entries(sale.fleet.refused);
    return (
        <Page
            title={event.title} width="wide" lead={<p>{words.dateTime(event.eventDate)} · {event.venue}</p>}
            actions={<SaleControl event={event} onChange={(changed) => { replace(changed); reload(); }} />}
        >
            <EventTabs id={id} here="dashboard" />
            {live.error !== undefined && age > STALE_MS && (
                <Notice tone="warning" role="status" icon="wifiOff">
                    {t("dash.stale", { duration: words.duration(age) })}
                </Notice>
            )}
            {now === undefined ? <Skeleton lines={6} /> : (
                <>
                    <dl className="tiles" aria-label={t("dash.live")}>
                        <Tile label={t("dash.accepted")} value={words.number(now.accepted)} id="accepted" />
                        <Tile label={t("dash.confirmed")} value={words.number(now.confirmed)} id="confirmed" isGood />
                        <Tile
                            label={t("dash.refused")}
                            value={words.number(refused.reduce((sum, [, count]) => sum + count, 0))} id="refused"
                        />
                        <Tile label={t("dash.backlog")} value={words.number(now.backlog)} id="backlog" />
                        <Tile label={t("dash.pending")} value={words.number(now.pending)} id="pending" />
                        <Tile
                            label={t("dash.rate")} value={t("dash.perSecond", { value: Math.round(now.drainRate) })}
                            id="rate"
                        />
                        <Tile
                            label={t("dash.stock")} value={words.number(now.stock)} id="stock" isLast={now.stock === 0}
                        />
                    </dl>
                    <div className="charts">
                        <LineChart<LivePoint>
                            title={t("dash.tickets")} hint={t("dash.tickets.text")} points={sale.points}
                            format={words.number}
                            series={[
                                { label: t("dash.accepted"), value: (point) => point.accepted, isArea: true },
                                { label: t("dash.confirmed"), value: (point) => point.confirmed },
                                { label: t("dash.stock"), value: (point) => point.stock },
                            ]}
                        />
                        <LineChart<LivePoint>
                            title={t("dash.rate")} hint={t("dash.rate.text")} points={sale.points}
                            format={(value) => words.number(Math.round(value))}
                            series={[
                                { label: t("dash.rate"), value: (point) => point.drainRate, isArea: true },
                                { label: t("dash.accepted"), value: (point) => point.acceptRate },
                                { label: t("dash.backlog"), value: (point) => point.backlog },
                            ]}
                        />
                        <LineChart<LivePoint>
                            title={t("dash.latency")}
                            hint={live.hasMetrics ? t("dash.latency.text") : t("dash.noMetrics")} points={sale.points}
                            format={(value) => `${words.number(value)} ms`}
                            series={[
                                { label: "p50", value: (point) => point.p50, isArea: true },
                                { label: "p95", value: (point) => point.p95 },
                                { label: "p99", value: (point) => point.p99 },
                            ]}
                        />
                        <section className="chart">
                            <h2>{t("dash.refused")}</h2>
                            <p className="hint">
                                {live.hasMetrics
                                    ? `${t("dash.refused.text")} · ${t("dash.gateways", { count: sale.fleet.gateways })}`
                                    : t("dash.noMetrics")}
                            </p>
                            <BarList
                                items={refused.map(([code, value]) => ({ label: refusalName(code, words), value }))}
                                format={words.number} empty={t("dash.refused.none")}
                            />
                        </section>
                    </div>
                    {sale.ledger !== undefined && <LedgerTable ledger={sale.ledger} />}
                </>
            )}
        </Page>
    );
}

function refusalName(code: string, { t, has }: ReturnType<typeof useWords>): string {
    const key = [`buy.refused.${code}`, `error.${code}`].find((each) => has(each));
    return key !== undefined && has(key) ? t(key) : code;
}

function Tile({ label, value, id, isGood = false, isLast = false }: {
    label: string; value: string; id: string; isGood?: boolean; isLast?: boolean;
}): ReactElement {
    return (
        <div className={classes("tile", isGood && "good", isLast && "last")} data-figure={id}>
            <dt>{label}</dt>
            <dd>{value}</dd>
        </div>
    );
}

/** Where each ticket is, by the books and by the fast gate beside them. */
function LedgerTable({ ledger }: { ledger: Ledger }): ReactElement {
    const { t, number } = useWords();
    const { postgres, redis } = ledger;
    const inFlight = redis?.inFlight ?? 0;
    return (
        <section className="panel ledger">
            <header>
                <div>
                    <h2>{t("dash.ledger")}</h2>
                    <p className="hint">{t("dash.ledger.text")}</p>
                </div>
                <Badge tone={ledger.balanced ? "good" : "warning"}>
                    {t(ledger.balanced ? "dash.balanced" : "dash.moving")}
                </Badge>
            </header>
            <div className="table-frame" tabIndex={0} role="region" aria-label={t("dash.ledger")}>
                <table className="numbers">
                    <thead>
                        <tr>
                            <td />
                            <th scope="col">{t("dash.available")}</th>
                            <th scope="col">{t("dash.inFlight")}</th>
                            <th scope="col">{t("dash.pending")}</th>
                            <th scope="col">{t("dash.sold")}</th>
                            <th scope="col">{t("dash.capacity")}</th>
                            <th scope="col">{t("dash.returned")}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <tr>
                            <th scope="row">{t("dash.postgres")}</th>
                            <td>{number(postgres.available)}</td>
                            <td>–</td>
                            <td>{number(postgres.pending)}</td>
                            <td>{number(postgres.sold)}</td>
                            <td><strong>{number(ledger.capacity)}</strong></td><td>{number(postgres.cancelled)}</td>
                        </tr>
                        <tr>
                            <th scope="row">{t("dash.redis")}</th>
                            {redis === undefined ? <td colSpan={6}>{t("dash.noRedis")}</td> : (
                                <>
                                    <td>{number(redis.available)}</td>
                                    <td>{number(inFlight)}</td>
                                    <td>{number(postgres.pending)}</td>
                                    <td>{number(postgres.sold)}</td>
                                    <td>
                                        <strong>
                                            {number(redis.available + inFlight + postgres.pending + postgres.sold)}
                                        </strong>
                                    </td>
                                    <td>–</td>
                                </>
                            )}
                        </tr>
                    </tbody>
                </table>
            </div>
        </section>
    );
}
