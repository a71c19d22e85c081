import { useCallback, useEffect, useRef, useState } from "react";
import { call } from "../../api/client";
import { pause } from "../../api/pause";
import { go } from "../../router/location";
import { Intents, intents, type Intent } from "./intent";
import { buy, type Buying } from "./purchase";

export interface BuyingControl {
    state: Buying;
    /** One that was begun earlier or in another tab; `stale`: so long ago, or stopped, that it is asked about first. */
    found: { intent: Intent; isStale: boolean } | undefined;
    press(quantity: number, paymentMethod: string | undefined): void;
    /** Sends a stale or unsettled one after all. */
    finish(): void;
    /** Sends no more by itself. What may have been accepted is kept, and can only be finished. */
    stop(): void;
    reset(): void;
}

/** Runs a purchase for the event's page, and finds those that a reload or another tab has left. */
export function useBuying(eventId: string, userId: string | undefined): BuyingControl {
    const [state, setState] = useState<Buying>({ kind: "idle" });
    const [found, setFound] = useState<BuyingControl["found"]>(undefined);
    const running = useRef<AbortController | undefined>(undefined);
    const buyer = useRef<string | undefined>(undefined);

    const look = useCallback((): Intent | undefined => {
        if (userId === undefined || running.current !== undefined) return undefined;
        const intent = intents.find(userId, eventId);
        const isUnsent = intent !== undefined && intent.orderId === undefined && intents.isFresh(intent);
        setFound(intent === undefined || isUnsent ? undefined : { intent, isStale: intent.orderId === undefined });
        return isUnsent ? intent : undefined;
    }, [userId, eventId]);

    const run = useCallback((intent: Intent) => {
        if (running.current !== undefined) return;
        const abort = new AbortController();
        running.current = abort;
        setFound(undefined);
        void buy(
            intent, intents,
            {
                send: ({ key, quantity, paymentMethod }) =>
                    call("purchase", {
                        headers: { "Idempotency-Key": key }, signal: abort.signal,
                        body: { eventId, quantity, ...(paymentMethod === undefined ? {} : { paymentMethod }) },
                    }),
                pause: (ms, canWake) => pause(ms, abort.signal, canWake),
            },
            (next) => {
                if (abort.signal.aborted) return;
                setState(next);
                if (next.kind === "accepted") go("order", { id: next.orderId });
            },
            abort.signal,
        ).finally(() => {
            if (running.current !== abort) return;
            running.current = undefined;
            look();
        });
    }, [eventId, look]);

    useEffect(() => {
        if (userId === undefined) return undefined;
        buyer.current = userId;
        setState({ kind: "idle" });
        function changed(event: StorageEvent): void {
            // What another tab is about to send is that tab's to send.
            if (userId !== undefined && event.key === Intents.placeOf(userId, eventId)) look();
        }
        const unsent = look();
        if (unsent !== undefined) run(unsent);
        window.addEventListener("storage", changed);
        // A page that is left, or that somebody else signs in to, sends nothing more; the intent stays, and goes on when
        // its buyer comes back.
        return () => {
            window.removeEventListener("storage", changed);
            buyer.current = undefined;
            setFound(undefined);
            setState(running.current === undefined ? { kind: "idle" } : { kind: "unsettled", because: "unauthenticated" });
            running.current?.abort();
            running.current = undefined;
        };
    }, [userId, eventId, look, run]);

    const press = useCallback((quantity: number, paymentMethod: string | undefined) => {
        if (userId === undefined || running.current !== undefined) return;
        setState({ kind: "idle" });
        // Two tabs that are clicked at the same moment decide in turn, so the second finds what the first has begun.
        void inTurn(`onsale.buy.${userId}.${eventId}`, () =>
            intents.findOrMake(userId, eventId, quantity, paymentMethod),
        ).then((intent) => {
            if (buyer.current !== userId) return;
            if (intent.orderId !== undefined) go("order", { id: intent.orderId });
            else run(intents.resume(intent));
        });
    }, [userId, eventId, run]);

    const stop = useCallback(() => {
        running.current?.abort();
        running.current = undefined;
        const intent = userId === undefined ? undefined : intents.find(userId, eventId);
        if (intent !== undefined) intents.stop(intent);
        setState({ kind: "idle" });
        look();
    }, [userId, eventId, look]);

    const finish = useCallback(() => {
        const intent = userId === undefined ? undefined : intents.find(userId, eventId);
        if (intent?.orderId !== undefined) go("order", { id: intent.orderId });
        else if (intent !== undefined) run(intents.resume(intent));
        else look();
    }, [userId, eventId, look, run]);

    const reset = useCallback(() => setState({ kind: "idle" }), []);
    return { state, found, press, finish, stop, reset };
}

/** Web Locks are there in secure contexts only. Without them two tabs would have to be clicked within one task. */
async function inTurn<Value>(name: string, work: () => Value): Promise<Value> {
    if (!("locks" in navigator)) return work();
    return (await navigator.locks.request(name, async () => work())) as Value;
}
