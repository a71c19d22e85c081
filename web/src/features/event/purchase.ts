import type { PurchaseAccepted } from "#openapi";
import { backoff } from "../../api/backoff";
import { ApiError, type ErrorCode } from "../../api/problem";
import type { Intent, Intents } from "./intent";

/** How a purchase stands between the click and the answer. */
export type Buying =
    | { kind: "idle" }
    | { kind: "sending"; intent: Intent; attempt: number }
    /** Not accepted yet; sent again by itself, with the same key. */
    | { kind: "waiting"; intent: Intent; attempt: number; because: ErrorCode; pauseMs: number }
    | { kind: "accepted"; intent: Intent; orderId: string }
    /** Nothing was taken. */
    | { kind: "refused"; because: ErrorCode; detail: string }
    /** Whether it was accepted is not known, and only the buyer can help: the same key finishes it. */
    | { kind: "unsettled"; because: ErrorCode };

export type Verdict = { kind: "again"; pauseMs: number } | { kind: "refused" } | { kind: "unsettled" };

/**
 * Refusals of the purchase itself, given after the key was looked up: nothing that was sent with this key was accepted.
 * Every other answer, such as 401, 403 or a proxy's 404, says nothing about what an earlier attempt has come to.
 */
const definite: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
    "sold_out", "limit_exceeded", "sale_not_open", "sale_closed", "sale_paused", "event_not_found", "event_cancelled",
    "idempotency_key_reused", "validation_failed",
]);

export function isDefinite(error: ApiError): boolean {
    return definite.has(error.code) && !error.isPassing;
}

/** A sale that opens within this time is waited for. */
const OPENING_MS = 15_000;

/**
 * What to do about a purchase that was not accepted. What may pass is sent again by itself; the server has a place in
 * no line for it, so waiting costs the buyer nothing but the wait.
 */
export function judge(error: ApiError, attempt: number, random: () => number = Math.random): Verdict {
    const asked = error.retryAfterMs ?? 0;
    const isWorthWaiting =
        error.isPassing || error.code === "sale_paused" || (error.code === "sale_not_open" && asked <= OPENING_MS);
    if (!isWorthWaiting) return { kind: isDefinite(error) ? "refused" : "unsettled" };
    return { kind: "again", pauseMs: backoff(attempt, asked, random) };
}

export interface PurchaseTools {
    send(intent: Intent): Promise<PurchaseAccepted>;
    /** With `canWake` it ends early when the network is back or the page is looked at again. */
    pause(ms: number, canWake: boolean): Promise<void>;
    random?: () => number;
}

/**
 * Sends an intent until it is accepted or refused, and says each step. The key stays the same, so that an answer that
 * was lost on its way cannot make a second order. Before each attempt it is looked up: what another tab has ended or
 * stopped is not sent from here, and what it had accepted is gone on with.
 */
export async function buy(
    intent: Intent, intents: Intents, tools: PurchaseTools, tell: (state: Buying) => void, signal: AbortSignal,
): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
        const kept = intents.current(intent);
        if (kept === undefined || kept.isStopped === true) {
            tell({ kind: "idle" });
            return;
        }
        if (kept.orderId !== undefined) {
            tell({ kind: "accepted", intent: kept, orderId: kept.orderId });
            return;
        }
        intents.sent(kept);
        tell({ kind: "sending", intent, attempt });
        try {
            const answer = await tools.send(intent);
            const accepted = intents.accepted(intent, answer);
            tell({ kind: "accepted", intent: accepted, orderId: answer.orderId });
            return;
        } catch (error) {
            if (signal.aborted) return;
            const problem = ApiError.of(error);
            const verdict = judge(problem, attempt, tools.random);
            if (verdict.kind === "unsettled") {
                tell({ kind: "unsettled", because: problem.code });
                return;
            }
            if (verdict.kind === "refused") {
                intents.end(intent);
                tell({ kind: "refused", because: problem.code, detail: problem.message });
                return;
            }
            if (isDefinite(problem)) intents.unsent(intent);
            tell({ kind: "waiting", intent, attempt, because: problem.code, pauseMs: verdict.pauseMs });
            await tools.pause(verdict.pauseMs, problem.retryAfterMs === undefined);
        }
    }
}
