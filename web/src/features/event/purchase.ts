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
    | { kind: "refused"; because: ErrorCode; detail: string };

export type Verdict = { kind: "again"; pauseMs: number } | { kind: "refused" };

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
    if (!isWorthWaiting) return { kind: "refused" };
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
 * was lost on its way cannot make a second order.
 */
export async function buy(
    intent: Intent, intents: Intents, tools: PurchaseTools, tell: (state: Buying) => void, signal: AbortSignal,
): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
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
            if (verdict.kind === "refused") {
                intents.end(intent);
                tell({ kind: "refused", because: problem.code, detail: problem.message });
                return;
            }
            tell({ kind: "waiting", intent, attempt, because: problem.code, pauseMs: verdict.pauseMs });
            await tools.pause(verdict.pauseMs, problem.retryAfterMs === undefined);
        }
    }
}
