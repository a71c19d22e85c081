import { useState, type ReactElement, type ReactNode } from "react";
import type { Event } from "#openapi";
import { session } from "../../api/session";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { signInAddress } from "../../router/location";
import { useStore } from "../../state/store";
import { Button, Select, Spinner, Stepper } from "../../ui/controls";
import { Notice } from "../../ui/feedback";
import { bandOf, isOpen } from "../events/band";
import { Countdown } from "./countdown";
import type { Buying } from "./purchase";
import { useBuying, type BuyingControl } from "./use-buying";

declare const __PAYMENTS__: "simulated" | "provider";

/** The most tickets of one order. */
const MOST = 100;
/** Nothing is charged for free tickets, but a provider that has no standard method wants one to be named. */
const FREE_METHOD = __PAYMENTS__ === "simulated" ? undefined : "none";
const METHODS = ["pm_accepted", "pm_declined", "pm_slow", "pm_error_then_accepted"] as const;

/** Everything between the wish and the order: the countdown, the number, the button, and what becomes of the click. */
export function BuyBox({ event, now, onLook }: { event: Event; now: number; onLook: () => void }): ReactElement {
    const words = useWords();
    const { t } = words;
    const state = useStore(session);
    const account = state.kind === "signedIn" ? state.account : undefined;
    const buying = useBuying(event.id, account?.id);
    const most = Math.min(event.limitPerBuyer, MOST);
    const [quantity, setQuantity] = useState(Math.min(2, most));
    const [method, setMethod] = useState<string>(METHODS[0]);
    const band = bandOf(event, now);
    const isFree = event.ticketPrice.amount === 0;
    const isUnderWay = buying.state.kind === "sending" || buying.state.kind === "waiting" ||
        buying.state.kind === "accepted";

    if (isUnderWay) return <Box><UnderWay state={buying.state} onStop={buying.stop} /></Box>;
    if (buying.state.kind === "unsettled") {
        return <Box><Unsettled state={buying.state} onFinish={buying.finish} /></Box>;
    }
    if (buying.found !== undefined) return <Box><Found buying={buying} found={buying.found} /></Box>;

    const refusal = buying.state.kind === "refused" && (
        <Refusal state={buying.state} event={event} onLook={() => { buying.reset(); onLook(); }} />
    );
    if (band.kind === "cancelled") return (
        <Box><Notice tone="bad" title={t("band.cancelled")}>{t("event.cancelled.text")}</Notice></Box>
    );
    if (band.kind === "past") return <Box><Notice title={t("band.past")} /></Box>;
    if (band.kind === "closed") return <Box>{refusal || <Notice title={t("buy.closed")} />}</Box>;
    if (band.kind === "soon") return (
        <Box><Notice title={t("buy.unscheduled")}>{t("buy.unscheduled.text")}</Notice></Box>
    );
    if (band.kind === "soldOut") {
        return <Box>{refusal || <Notice title={t("buy.soldOut")} role="status">{t("buy.soldOut.text")}</Notice>}</Box>;
    }

    const waits = band.kind === "opens";
    // Providers' card forms are scripts of the providers' own origins, so this app has none.
    const isPayable = __PAYMENTS__ === "simulated" || isFree;
    return (
        <Box>
            {waits && <Countdown at={band.at} now={now} />}
            {band.kind === "paused" && (
                <Notice tone="warning" role="status" title={t("buy.paused")} icon="pause">
                    {t("buy.paused.text")}
                </Notice>
            )}
            {refusal}
            <p className="visually-hidden" role="status" aria-live="assertive">
                {isOpen(band) ? t("countdown.open") : ""}
            </p>
            <div className="buy-row">
                <Stepper
                    label={t("buy.quantity")} value={Math.min(quantity, most)} least={1} most={most}
                    onChange={setQuantity}
                />
                <p className="total">
                    <span>{t("buy.total")}</span>
                    <strong>
                        {isFree
                            ? t("event.free")
                            : words.money({
                                ...event.ticketPrice, amount: event.ticketPrice.amount * Math.min(quantity, most),
                            })}
                    </strong>
                </p>
            </div>
            {__PAYMENTS__ === "simulated" && account !== undefined && !isFree && (
                <Select label={t("buy.method")} value={method} onChange={(changed) => setMethod(changed.target.value)}>
                    {METHODS.map((name) => <option key={name} value={name}>{t(`buy.method.${name}`)}</option>)}
                </Select>
            )}
            {!isPayable ? (
                <Notice tone="warning" title={t("buy.noCards")}>{t("buy.noCards.text")}</Notice>
            ) : account === undefined ? (
                <>
                    <Link
                        to="signIn" query={signInAddress().replace(/^[^?]*/, "")} className="button primary wide large"
                    >{t("buy.signIn")}</Link>
                    {waits && <p className="hint">{t("countdown.signIn")}</p>}
                </>
            ) : (
                <>
                    <Button
                        look="primary" isWide className="large buy-button" disabled={waits}
                        onClick={() => buying.press(
                            Math.min(quantity, most),
                            isFree ? FREE_METHOD : method === METHODS[0] ? undefined : method,
                        )}
                    >
                        {waits
                            ? t("buy.button.waiting")
                            : band.kind === "paused" ? t("buy.paused.button")
                            : t(isFree ? "buy.button.free" : "buy.button")}
                    </Button>
                    {waits && <p className="hint">{t("countdown.ready")}</p>}
                </>
            )}
            <p className="hint">{t("event.limit", { count: event.limitPerBuyer })}</p>
        </Box>
    );
}

function Box({ children }: { children: ReactNode }): ReactElement {
    const { t } = useWords();
    return <section className="buy-box" aria-label={t("buy.title")}>{children}</section>;
}

function UnderWay({ state, onStop }: { state: Buying; onStop: () => void }): ReactElement {
    const { t, has } = useWords();
    const isWaiting = state.kind === "waiting";
    const key = isWaiting ? `buy.waiting.${state.because}` : "";
    const text = !isWaiting ? t("buy.sending.text") : t(has(key) ? key : "buy.waiting.other");
    return (
        <div className="under-way" role="status" aria-live="polite">
            <span className="big-spinner"><Spinner /></span>
            <h2>{t(isWaiting ? "buy.waiting.title" : "buy.sending")}</h2>
            <p>{text}</p>
            {isWaiting && (
                <>
                    <p className="hint">{t("buy.attempt", { count: state.attempt + 1 })}</p>
                    <Button onClick={onStop}>{t("buy.stop")}</Button>
                </>
            )}
        </div>
    );
}

function Found({ buying, found }: { buying: BuyingControl; found: NonNullable<BuyingControl["found"]> }): ReactElement {
    const { t, relative } = useWords();
    const { intent, isStale } = found;
    if (!isStale && intent.orderId !== undefined) {
        return (
            <Notice
                tone="accent" role="status" title={t("buy.found")}
                actions={
                    <Link to="order" parameters={{ id: intent.orderId }} className="button primary">
                        {t("order.title")}
                    </Link>
                }
            >
                {t("buy.found.text")}
            </Notice>
        );
    }
    // What may have been accepted cannot be forgotten: the next click would then be a second order.
    const isForgettable = intent.isSent === false;
    return (
        <Notice
            tone="warning" role="status" title={t("buy.stale")}
            actions={
                <>
                    <Button look="primary" onClick={buying.finish}>{t("buy.finish")}</Button>
                    {isForgettable
                        ? <Button onClick={buying.stop}>{t("buy.forget")}</Button>
                        : <Link to="orders" className="button secondary">{t("orders.title")}</Link>}
                </>
            }
        >
            {t(isForgettable ? "buy.unsent.text" : "buy.stale.text", {
                count: intent.quantity, when: relative(intent.madeAt - Date.now()),
            })}
        </Notice>
    );
}

function Unsettled({ state, onFinish }: {
    state: Extract<Buying, { kind: "unsettled" }>; onFinish: () => void;
}): ReactElement {
    const { t } = useWords();
    const isSignedOut = state.because === "unauthenticated";
    return (
        <Notice
            tone="warning" role="alert" title={t(isSignedOut ? "buy.unsettled.signIn" : "buy.unsettled")}
            actions={isSignedOut
                ? (
                    <Link to="signIn" query={signInAddress().replace(/^[^?]*/, "")} className="button primary">
                        {t("nav.signIn")}
                    </Link>
                )
                : <Button look="primary" onClick={onFinish}>{t("app.retry")}</Button>}
        >
            {t(isSignedOut ? "buy.unsettled.signIn.text" : "buy.unsettled.text")}
        </Notice>
    );
}

function Refusal({ state, event, onLook }: {
    state: Extract<Buying, { kind: "refused" }>; event: Event; onLook: () => void;
}): ReactElement {
    const { t, has } = useWords();
    // Too few for this number is not too few for all.
    const code = state.because === "sold_out" && /\d/.test(state.detail) ? "few" : state.because;
    const key = `buy.refused.${code}`;
    const title = t(has(key) ? key : "buy.refused.other");
    const text = code === "limit_exceeded"
        ? t("buy.refused.limit_exceeded.text", { count: event.limitPerBuyer })
        : t(has(`${key}.text`) ? (`${key}.text` as "buy.refused.other.text") : "buy.refused.other.text");
    return (
        <Notice
            tone="bad" role="alert" title={title}
            actions={
                code === "limit_exceeded" ? <Link to="tickets" className="button secondary">{t("buy.seeTickets")}</Link>
                : <Button onClick={onLook}>{t("buy.again")}</Button>
            }
        >
            {text}
        </Notice>
    );
}
