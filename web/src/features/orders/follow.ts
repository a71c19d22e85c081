import type { Order } from "#openapi";
import { backoff } from "../../api/backoff";
import { ApiError } from "../../api/problem";
import { isDefinite } from "../event/purchase";

/** What is known of an order that is being followed. */
export interface Followed {
    order: Order | undefined;
    /** `lost`: the last question was not answered; what is shown is what was known before. */
    connection: "live" | "lost";
    /** Nobody knows such an order, or it is somebody else's. */
    isMissing: boolean;
}

export interface FollowTools {
    /** Asks how the order stands, held for up to `wait` seconds. An undefined order: unchanged since `tag`. */
    ask(wait: number, tag: string | undefined, signal: AbortSignal): Promise<{
        order: Order | undefined; tag: string | undefined;
    }>;
    /** Puts the order back by its receipt; undefined when there is no receipt. */
    recover(): Promise<Order | undefined>;
    /** Called when nobody knows the order and it cannot be put back. */
    gone(): void;
    /** With `canWake` it ends early when the network is back or the page is looked at again. */
    pause(ms: number, canWake: boolean): Promise<void>;
    now(): number;
    random?: () => number;
}

/** The longest that the server holds an answer. */
const LONGEST_WAIT_S = 20;
/** Between two questions that were both held. */
const BREATH_MS = 50;

export function isFinal(order: Order): boolean {
    return order.status === "confirmed" || order.status === "cancelled" || order.status === "refunded";
}

/**
 * How long to have the answer held. In line, the place changes without the state changing, so the server's advice says
 * how long it is still of interest; at the payment only a change is.
 */
export function holdSeconds(order: Order | undefined): number {
    if (order === undefined) return 0;
    if (order.stage !== "queued") return LONGEST_WAIT_S;
    return Math.min(Math.max(Math.ceil((order.pollAfterMs ?? 1000) / 1000), 1), LONGEST_WAIT_S);
}

/** Follows an order to its end: long polls, with the server's pauses between answers that were not held. */
export async function follow(tools: FollowTools, tell: (state: Followed) => void, signal: AbortSignal): Promise<void> {
    let order: Order | undefined;
    let tag: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
        const askedAt = tools.now();
        try {
            const answer = await tools.ask(holdSeconds(order), tag, signal);
            if (signal.aborted) return;
            failures = 0;
            order = answer.order ?? order;
            tag = answer.tag ?? tag;
            tell({ order, connection: "live", isMissing: false });
            if (order !== undefined && isFinal(order)) return;
            const rest = (order?.pollAfterMs ?? 0) - (tools.now() - askedAt);
            const jitter = (tools.random ?? Math.random)() * BREATH_MS;
            await tools.pause(rest > 0 ? rest + jitter : BREATH_MS + jitter, rest <= 0);
        } catch (error) {
            if (signal.aborted) return;
            let problem = ApiError.of(error);
            if (problem.code === "order_not_found") {
                try {
                    const recovered = await tools.recover();
                    if (recovered === undefined) {
                        tools.gone();
                        tell({ order, connection: "live", isMissing: true });
                        return;
                    }
                    order = recovered;
                    tag = undefined;
                    tell({ order, connection: "live", isMissing: false });
                    continue;
                } catch (failure) {
                    problem = ApiError.of(failure);
                    if (problem.code === "order_not_found" || isDefinite(problem)) tools.gone();
                }
            }
            if (!problem.isPassing) {
                tell({ order, connection: "live", isMissing: true });
                return;
            }
            tell({ order, connection: "lost", isMissing: false });
            await tools.pause(
                backoff(failures, problem.retryAfterMs ?? 0, tools.random), problem.retryAfterMs === undefined,
            );
            failures += 1;
        }
    }
}
