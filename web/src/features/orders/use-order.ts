import { useEffect, useState } from "react";
import type { Order } from "#openapi";
import { call, send } from "../../api/client";
import { pause } from "../../api/pause";
import { intents } from "../event/intent";
import { follow, isFinal, type Followed } from "./follow";

export interface OrderControl extends Followed {
    /** After the order was changed by other means. */
    replace(order: Order): void;
}

/**
 * Follows an order to its end and, once it has come to one or nobody knows it, ends the intent that it was bought by:
 * the next click is another order.
 *
 * @param userId Whose intent that is.
 * @param receipt What puts the order back, where the one who bought it in this browser has it.
 */
export function useOrder(id: string, userId: string, receipt: string | undefined): OrderControl {
    const [state, setState] = useState<Followed>({ order: undefined, connection: "live", isMissing: false });
    useEffect(() => {
        const abort = new AbortController();
        void follow(
            {
                async ask(wait, tag, signal) {
                    const response = await send("order", {
                        path: { id }, signal, cache: "no-store",
                        ...(wait > 0 ? { query: { wait } } : {}),
                        ...(tag === undefined ? {} : { headers: { "If-None-Match": tag } }),
                    });
                    const order = response.status === 304 ? undefined : ((await response.json()) as Order);
                    return { order, tag: response.headers.get("ETag") ?? undefined };
                },
                async recover() {
                    return receipt === undefined
                        ? undefined
                        : call("recoverOrder", { body: { receipt }, signal: abort.signal });
                },
                gone() {
                    const intent = intents.ofOrder(userId, id);
                    if (intent !== undefined) intents.end(intent);
                },
                pause: (ms, canWake) => pause(ms, abort.signal, canWake),
                now: () => Date.now(),
            },
            (next) => {
                if (!abort.signal.aborted) setState(next);
            },
            abort.signal,
        );
        return () => abort.abort();
    }, [id, userId, receipt]);

    const { order } = state;
    useEffect(() => {
        if (order === undefined || !isFinal(order)) return;
        const intent = intents.find(order.userId, order.eventId);
        if (intent?.orderId === order.id) intents.end(intent);
    }, [order]);

    return { ...state, replace: (changed) => setState({ order: changed, connection: "live", isMissing: false }) };
}
