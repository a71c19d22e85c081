import { useRef, useState, type ReactElement } from "react";
import type { Event, Failure, Order } from "#openapi";
import { call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { session } from "../../api/session";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { useResource } from "../../state/resource";
import { useStore } from "../../state/store";
import { Button, classes, Confirm, Spinner } from "../../ui/controls";
import { Badge, Empty, errorText, Notice, say, Skeleton, type Tone } from "../../ui/feedback";
import { Icon } from "../../ui/icons";
import { intents } from "../event/intent";
import { TicketCard } from "../tickets/ticket-card";
import { isFinal } from "./follow";
import { useOrder } from "./use-order";

export const statusTones: Record<Order["status"], Tone> = {
    pending: "accent", paid: "accent", confirmed: "good", cancelled: "neutral", refunded: "neutral",
};

/** An order from the moment it was accepted: its place in line, the payment, and its tickets or why there are none. */
export function OrderPage({ id }: { id: string }): ReactElement {
    const { t } = useWords();
    const state = useStore(session);
    const userId = state.kind === "signedIn" ? state.account.id : "";
    // Read once: it is forgotten when the order ends.
    const [receipt] = useState(() => receiptOf(userId, id));
    const { order, connection, isMissing, replace } = useOrder(id, userId, receipt);
    const { value: event } = useResource(order?.eventId, (signal) =>
        call("event", { as: "none", path: { id: order?.eventId ?? "" }, signal }),
    );

    if (isMissing) {
        return (
            <Page title={t("order.missing")}>
                <Empty icon="ticket" title={t("order.missing.text")}>
                    <Link to="orders" className="button primary">{t("orders.title")}</Link>
                </Empty>
            </Page>
        );
    }
    if (order === undefined) {
        return (
            <Page title={t("order.title")}>
                {connection === "lost" && <Lost />}
                <Skeleton lines={6} />
            </Page>
        );
    }
    return (
        <>
            {connection === "lost" && !isFinal(order) && <div className="banner"><Lost /></div>}
            {isFinal(order)
                ? <Ended order={order} event={event} />
                : <UnderWay order={order} event={event} onChange={replace} />}
        </>
    );
}

function receiptOf(userId: string, orderId: string): string | undefined {
    return intents.ofOrder(userId, orderId)?.receipt;
}

function Lost(): ReactElement {
    const { t } = useWords();
    return <Notice tone="warning" role="status" icon="wifiOff">{t("order.lost")}</Notice>;
}

function Summary({ order, event }: { order: Order; event: Event | undefined }): ReactElement {
    const words = useWords();
    const { t } = words;
    return (
        <section className="summary" aria-label={t("order.number")}>
            <div>
                <p className="summary-title">
                    {event === undefined
                        ? t("order.title")
                        : <Link to="event" parameters={{ id: event.id }}>{event.title}</Link>}
                </p>
                {event !== undefined && <p className="hint">{words.dateTime(event.eventDate)} · {event.venue}</p>}
            </div>
            <dl>
                <div><dt>{t("buy.title")}</dt><dd>{words.number(order.quantity)}</dd></div>
                <div>
                    <dt>{t("order.paid")}</dt>
                    <dd>{order.totalPrice.amount === 0 ? t("event.free") : words.money(order.totalPrice)}</dd>
                </div>
                <div><dt>{t("order.when")}</dt><dd>{words.short(order.createdAt)}</dd></div>
            </dl>
            <p className="order-id hint">{t("order.number")} <code>{order.id}</code></p>
        </section>
    );
}

function UnderWay({ order, event, onChange }: {
    order: Order; event: Event | undefined; onChange: (order: Order) => void;
}): ReactElement {
    const words = useWords();
    const { t } = words;
    const [isAsking, setAsking] = useState(false);
    const [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<string | undefined>(undefined);
    const isQueued = order.stage === "queued";
    const first = useRef<number | undefined>(undefined);
    if (order.placeInLine !== undefined) first.current = Math.max(first.current ?? 0, order.placeInLine);

    async function cancel(): Promise<void> {
        setBusy(true);
        setError(undefined);
        try {
            onChange(await call("cancelOrder", { path: { id: order.id } }));
        } catch (failure) {
            const problem = ApiError.of(failure);
            setError(problem.code === "order_final" ? t("order.cancel.failed") : errorText(problem, words));
            setBusy(false);
        }
    }

    return (
        <Page title={t("order.title")} width="narrow">
            <div className="queue">
                <Steps stage={isQueued ? 0 : 1} />
                <div className="queue-now" role="status" aria-live="polite">
                    {isQueued ? (
                        order.placeInLine === undefined || order.placeInLine <= 1
                            ? <><span className="big-spinner"><Spinner /></span><h2>{t("order.line.next")}</h2></>
                            : (
                                <>
                                    <h2 className="place-label">{t("order.line.place")}</h2>
                                    <p className="place">{words.number(order.placeInLine)}</p>
                                    <p className="eta">
                                        {order.etaSeconds === undefined || order.etaSeconds < 2
                                            ? t("order.eta.soon")
                                            : t("order.eta", { duration: words.duration(order.etaSeconds * 1000) })}
                                    </p>
                                </>
                            )
                    ) : <><span className="big-spinner"><Spinner /></span><h2>{t("order.payment")}</h2></>}
                </div>
                {isQueued && order.placeInLine !== undefined && (first.current ?? 0) > 1 && (
                    <progress
                        max={first.current} value={(first.current ?? 0) - order.placeInLine + 1}
                        aria-label={t("order.line.place")}
                    />
                )}
                <p className="prose">{t(isQueued ? "order.line.text" : "order.payment.text")}</p>
                <p className="hint">{t("order.live")}</p>
            </div>
            <Summary order={order} event={event} />
            <div className="actions">
                <Button look="quiet" icon="cross" onClick={() => setAsking(true)}>{t("order.cancel")}</Button>
            </div>
            {isAsking && (
                <Confirm
                    title={t("order.cancel")} text={t("order.cancel.ask")} confirm={t("order.cancel")}
                    keep={t("order.cancel.keep")} isBusy={isBusy}
                    error={error} onConfirm={() => void cancel()} onClose={() => setAsking(false)}
                />
            )}
        </Page>
    );
}

function Steps({ stage }: { stage: 0 | 1 | 2 }): ReactElement {
    const { t } = useWords();
    const names = [t("order.line"), t("order.payment"), t("order.done")];
    return (
        <ol className="steps">
            {names.map((name, index) => (
                <li
                    key={name} className={classes(index < stage && "done", index === stage && "now")}
                    aria-current={index === stage ? "step" : undefined}
                >
                    <span className="dot">{index < stage ? <Icon name="check" size={16} /> : index + 1}</span>
                    {name}
                </li>
            ))}
        </ol>
    );
}

/** How long after its confirmation an order is taken for one that was just bought. */
const FRESH_MS = 60_000;

function Ended({ order, event }: { order: Order; event: Event | undefined }): ReactElement {
    const words = useWords();
    const { t } = words;
    const state = useStore(session);
    const isConfirmed = order.status === "confirmed";
    const isNew = isConfirmed && Date.now() - Date.parse(order.updatedAt) < FRESH_MS;
    const email = state.kind === "signedIn" ? state.account.email : "";
    const tickets = order.tickets ?? [];
    const title = t(isConfirmed
        ? "order.confirmed"
        : order.status === "refunded" ? "order.refunded"
        : "order.cancelled");
    return (
        <Page
            title={title}
            lead={isConfirmed
                ? (
                    <p role="status">
                        {t("order.confirmed.text", { count: tickets.length })} {isNew && t("order.mailed", { count: tickets.length, email })}
                    </p>
                )
                : (
                    <p role="status">
                        {order.status === "refunded" ? t("order.refunded.text") : failureText(order.failure, t)}
                    </p>
                )}
            {...(isConfirmed ? { actions: <TicketActions order={order} /> } : {})}
        >
            {!isConfirmed && (
                <div className="actions">
                    <Link to="event" parameters={{ id: order.eventId }} className="button primary">
                        {t(order.failure?.code === "payment_declined"
                            ? "order.next.payment_declined"
                            : "order.next.other")}
                    </Link>
                    <Link to="events" className="button secondary">{t("app.toEvents")}</Link>
                </div>
            )}
            {event !== undefined && tickets.length > 0 && (
                <div className={classes("tickets", isNew && "arrive")}>
                    {tickets.map((ticket, index) => (
                        <TicketCard
                            key={ticket.code} ticket={{ ...ticket, number: index + 1, count: tickets.length, event }}
                        />
                    ))}
                </div>
            )}
            <Summary order={order} event={event} />
            {order.refunds !== undefined && order.refunds.length > 0 && (
                <section>
                    <h2>{t("order.refunds")}</h2>
                    <ul className="rows">
                        {order.refunds.map((refund, index) => (
                            <li key={index}>
                                <span>{words.money(refund.amount)}</span>
                                <span className="hint">{words.short(refund.createdAt)}</span>
                                <Badge
                                    tone={refund.status === "refunded"
                                        ? "good"
                                        : refund.status === "failed" ? "bad"
                                        : "accent"}
                                >{t(`order.refund.${refund.status}`)}</Badge>
                            </li>
                        ))}
                    </ul>
                </section>
            )}
            <Mails order={order} />
        </Page>
    );
}

function failureText(failure: Failure | undefined, t: ReturnType<typeof useWords>["t"]): string {
    return failure === undefined ? t("order.failure.unknown") : t(`order.failure.${failure.code}`);
}

function TicketActions({ order }: { order: Order }): ReactElement {
    const words = useWords();
    const { t } = words;
    const [isBusy, setBusy] = useState(false);
    async function resend(): Promise<void> {
        setBusy(true);
        try {
            await call("resendConfirmation", { path: { id: order.id } });
            say(t("order.resend.done"));
        } catch (failure) {
            const problem = ApiError.of(failure);
            say(problem.status === 429 ? t("order.resend.wait") : errorText(problem, words), "warning");
        }
        setBusy(false);
    }
    return (
        <>
            <Button icon="print" onClick={() => window.print()}>{t("order.print")}</Button>
            <Button icon="mail" isBusy={isBusy} onClick={() => void resend()}>{t("order.resend")}</Button>
        </>
    );
}

/** What was mailed about it; nothing is said while it is not known. */
function Mails({ order }: { order: Order }): ReactElement | null {
    const { t, short } = useWords();
    const { value } = useResource(
        order.id, (signal) => call("listOrderMails", { path: { id: order.id }, signal }), 30_000,
    );
    if (value === undefined || value.items.length === 0) return null;
    return (
        <details className="details">
            <summary>{t("order.mails")}</summary>
            <ul className="rows">
                {value.items.map((mail, index) => (
                    <li key={index}>
                        <span>{t(`order.mail.${mail.kind}`)}</span>
                        <span className="hint">{short(mail.sentAt ?? mail.createdAt)}</span>
                        <Badge tone={mail.state === "sent" ? "good" : mail.state === "dead" ? "bad" : "neutral"}>
                            {t(`order.mail.${mail.state}`)}
                        </Badge>
                    </li>
                ))}
            </ul>
        </details>
    );
}
