import assert from "node:assert/strict";
import test from "node:test";
import type { Order } from "#openapi";
import { ApiError } from "../../src/api/problem";
import { follow, holdSeconds, type Followed, type FollowTools } from "../../src/features/orders/follow";

function order(change: Partial<Order> = {}): Order {
    return {
        id: "o", eventId: "e", userId: "u", quantity: 1, totalPrice: { amount: 1, currency: "EUR" }, status: "pending", stage: "queued",
        createdAt: "2030-01-01T00:00:00Z", updatedAt: "2030-01-01T00:00:00Z", ...change,
    };
}

interface Script {
    answers: Array<Order | undefined | ApiError>;
    recovered?: Order | ApiError;
    /** How long each question takes. */
    takesMs?: number;
}

async function run(
    script: Script,
): Promise<{
    states: Followed[]; pauses: number[]; wakes: boolean[]; waits: number[]; tags: Array<string | undefined>; gone: number;
}> {
    const states: Followed[] = [];
    const pauses: number[] = [];
    const wakes: boolean[] = [];
    let gone = 0;
    const waits: number[] = [];
    const tags: Array<string | undefined> = [];
    let now = 0;
    let count = 0;
    const tools: FollowTools = {
        async ask(wait, tag) {
            waits.push(wait);
            tags.push(tag);
            now += script.takesMs ?? 0;
            const answer = script.answers.shift();
            if (answer instanceof ApiError) throw answer;
            count += 1;
            return { order: answer, tag: `"${count}"` };
        },
        async recover() {
            if (script.recovered instanceof ApiError) throw script.recovered;
            return script.recovered;
        },
        gone: () => void (gone += 1),
        pause: async (ms, canWake) => { pauses.push(ms); wakes.push(canWake); now += ms; },
        now: () => now,
        random: () => 0,
    };
    await follow(tools, (state) => states.push(state), new AbortController().signal);
    return { states, pauses, wakes, waits, tags, gone };
}

const confirmed = order({ status: "confirmed", stage: "completed" });

test("an order is followed from the line over the payment to its tickets", async () => {
    const { states, waits, tags } = await run({
        answers: [
            order({ placeInLine: 900, pollAfterMs: 2500 }), undefined, order({ stage: "payment", pollAfterMs: 500 }),
            confirmed,
        ],
    });
    assert.deepEqual(
        states.map((state) => `${state.order?.status}.${state.order?.stage}`),
        ["pending.queued", "pending.queued", "pending.payment", "confirmed.completed"],
    );
    assert.deepEqual(waits, [0, 3, 3, 20]);
    assert.deepEqual(tags, [undefined, "\"1\"", "\"2\"", "\"3\""]);
});

test("an answer that was not held is followed by the pause the server asks for, a held one is not", async () => {
    const quick = await run({ answers: [order({ pollAfterMs: 3000 }), confirmed] });
    assert.deepEqual(quick.pauses, [3000]);
    // Nor does a look at another tab cut it short.
    assert.deepEqual(quick.wakes, [false]);
    const held = await run({ answers: [order({ pollAfterMs: 3000 }), confirmed], takesMs: 3000 });
    assert.ok((held.pauses[0] ?? 0) < 200);
});

test("a lost connection is said, backs off, honours Retry-After, and is over with the next answer", async () => {
    const lost = new ApiError("no_answer", 0, "");
    const { states, pauses } = await run({
        answers: [
            order({ placeInLine: 5, pollAfterMs: 100 }), lost, lost, new ApiError("warming_up", 503, "", 9000),
            confirmed,
        ],
    });
    assert.deepEqual(states.map(({ connection }) => connection), ["live", "lost", "lost", "lost", "live"]);
    assert.equal(states[2]?.order?.placeInLine, 5);
    assert.ok((pauses[2] ?? 0) > (pauses[1] ?? 0));
    assert.ok((pauses[3] ?? 0) >= 9000);
});

test("an order that the service has lost is put back by its receipt, once", async () => {
    const unknown = new ApiError("order_not_found", 404, "");
    const { states } = await run({ answers: [unknown, confirmed], recovered: order() });
    assert.deepEqual(states.map((state) => state.order?.status), ["pending", "confirmed"]);
    const missing = await run({ answers: [unknown] });
    assert.equal(missing.states[missing.states.length - 1]?.isMissing, true);
});

test("an order ends for good when nobody knows it and its receipt is of no use, not when that could not be asked", async () => {
    const unknown = new ApiError("order_not_found", 404, "");
    assert.equal((await run({ answers: [unknown] })).gone, 1);
    const refused = new ApiError("sold_out", 409, "");
    assert.equal((await run({ answers: [unknown], recovered: refused })).gone, 1);
    const signedOut = new ApiError("unauthenticated", 401, "");
    assert.equal((await run({ answers: [unknown], recovered: signedOut })).gone, 0);
    assert.equal((await run({ answers: [signedOut] })).gone, 0);
});

test("what is nobody's business ends the questions", async () => {
    const { states } = await run({ answers: [new ApiError("unauthenticated", 401, "")] });
    assert.deepEqual(states.map(({ isMissing }) => isMissing), [true]);
});

test("a hold is never longer than the server's", () => {
    assert.equal(holdSeconds(undefined), 0);
    assert.equal(holdSeconds(order({ pollAfterMs: 90_000 })), 20);
    assert.equal(holdSeconds(order({ pollAfterMs: 10 })), 1);
    assert.equal(holdSeconds(order({ stage: "payment" })), 20);
});
