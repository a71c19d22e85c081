import assert from "node:assert/strict";
import test from "node:test";
import { backoff } from "../../src/api/backoff";
import { ApiError, parseRetryAfter, type ErrorCode } from "../../src/api/problem";
import { Intents, type Intent, type IntentStorage } from "../../src/features/event/intent";
import { buy, judge, type Buying } from "../../src/features/event/purchase";
import type { PurchaseAccepted } from "#openapi";

class Memory implements IntentStorage {
    readonly items = new Map<string, string>();
    getItem(key: string): string | null { return this.items.get(key) ?? null; }
    setItem(key: string, value: string): void { this.items.set(key, value); }
    removeItem(key: string): void { this.items.delete(key); }
}

function intentsOf(storage: IntentStorage, now = () => 1000): Intents {
    let count = 0;
    return new Intents(storage, now, () => `key-${(count += 1)}`);
}

function accepted(orderId: string): PurchaseAccepted {
    return {
        orderId, status: "pending", stage: "queued", eventId: "e", quantity: 2, totalPrice: {
            amount: 1, currency: "EUR",
        },
        idempotencyKey: "k", statusUrl: "/", pollAfterMs: 1, receipt: "r",
    };
}

const problem = (code: ErrorCode, status: number, retryAfterMs?: number): ApiError =>
    new ApiError(code, status, code, retryAfterMs);

test("a click makes one intent, and a second click or tab finds it, whatever its quantity", () => {
    const storage = new Memory();
    const intents = intentsOf(storage);
    const first = intents.findOrMake("u", "e", 2, undefined);
    const second = intentsOf(storage).findOrMake("u", "e", 4, "pm_slow");
    assert.deepEqual(second, first);
    assert.ok(intents.findOrMake("other", "e", 1, undefined).key !== first.key);
});

test("a key is kept from the click until the order is final, and the next click has another", () => {
    const storage = new Memory();
    const intents = intentsOf(storage);
    const intent = intents.findOrMake("u", "e", 2, undefined);
    const later = intents.accepted(intent, accepted("o"));
    assert.equal(intents.find("u", "e")?.key, intent.key);
    assert.equal(intents.ofOrder("u", "o")?.receipt, "r");
    assert.equal(intents.ofOrder("u", "another"), undefined);
    intents.end(later);
    assert.equal(intents.find("u", "e"), undefined);
    assert.equal(storage.items.size, 0);
    assert.ok(intents.findOrMake("u", "e", 2, undefined).key !== intent.key);
});

test("what ends an older intent leaves a newer one alone", () => {
    const intents = intentsOf(new Memory());
    const old = intents.findOrMake("u", "e", 1, undefined);
    intents.end(old);
    const next = intents.findOrMake("u", "e", 1, undefined);
    intents.end(old);
    assert.equal(intents.find("u", "e")?.key, next.key);
});

test("an intent that is not whole is none", () => {
    const storage = new Memory();
    const intents = intentsOf(storage);
    for (const text of [
        "", "{", "null", "{}", JSON.stringify({ key: "k", userId: "x", eventId: "e", quantity: 1, madeAt: 1 }),
    ]) {
        storage.setItem(Intents.placeOf("u", "e"), text);
        assert.equal(intents.find("u", "e"), undefined, text);
    }
});

test("an intent is sent by itself for ten minutes only", () => {
    let now = 0;
    const intents = intentsOf(new Memory(), () => now);
    const intent = intents.findOrMake("u", "e", 1, undefined);
    assert.equal(intents.isFresh(intent), true);
    now = 10 * 60_000;
    assert.equal(intents.isFresh(intent), false);
});

test("what may pass is sent again, what is decided is not", () => {
    const again: Array<[ErrorCode, number]> = [
        ["no_answer", 0], ["offline", 0], ["overloaded", 503], ["warming_up", 503], ["rate_limited", 429],
        ["internal_error", 500], ["sale_paused", 409],
    ];
    for (const [code, status] of again) assert.equal(judge(problem(code, status), 0).kind, "again", code);
    const refused: ErrorCode[] = [
        "sold_out", "limit_exceeded", "sale_closed", "event_not_found", "idempotency_key_reused", "validation_failed",
    ];
    for (const code of refused) assert.equal(judge(problem(code, 409), 0).kind, "refused", code);
    const unsettled: Array<[ErrorCode, number]> = [
        ["unauthenticated", 401], ["forbidden", 403], ["not_found", 404], ["unexpected", 404], ["unexpected", 408],
        ["unexpected", 409], ["body_too_large", 413],
    ];
    for (const [code, status] of unsettled) assert.equal(judge(problem(code, status), 0).kind, "unsettled", code);
});

test("a sale that opens in a moment is waited for, one that was moved is not", () => {
    assert.equal(judge(problem("sale_not_open", 409, 2000), 0).kind, "again");
    assert.equal(judge(problem("sale_not_open", 409, 3_600_000), 0).kind, "refused");
});

test("never sooner than Retry-After says, and with jitter", () => {
    for (const random of [0, 0.5, 0.999]) {
        const verdict = judge(problem("overloaded", 503, 4000), 0, () => random);
        assert.ok(verdict.kind === "again" && verdict.pauseMs >= 4000 && verdict.pauseMs <= 5000);
    }
    assert.ok(backoff(0, 0, () => 0) >= 250 && backoff(0, 0, () => 1) <= 500);
    assert.ok(backoff(3, 0, () => 0) >= 2000);
    assert.ok(backoff(60, 0, () => 1) <= 15_000);
    assert.equal(parseRetryAfter("7"), 7000);
    assert.equal(parseRetryAfter("Thu, 01 Jan 1970 00:00:09 GMT", 4000), 5000);
    assert.equal(parseRetryAfter("soon"), undefined);
    assert.equal(parseRetryAfter(null), undefined);
});

test("a lost answer, an overload and then a yes are one order by one key", async () => {
    const intents = intentsOf(new Memory());
    const intent = intents.findOrMake("u", "e", 2, undefined);
    const pauses: number[] = [];
    const { keys, states } = await send(
        intents, intent, [problem("no_answer", 0), problem("overloaded", 503, 1000)], (ms) => void pauses.push(ms),
    );
    assert.deepEqual(keys, [intent.key, intent.key, intent.key]);
    assert.deepEqual(
        states.map(({ kind }) => kind), ["sending", "waiting", "sending", "waiting", "sending", "accepted"],
    );
    assert.ok((pauses[1] ?? 0) >= 1000);
    assert.equal(intents.find("u", "e")?.orderId, "o");
});

test("a refusal ends the intent and says why", async () => {
    const intents = intentsOf(new Memory());
    const states: Buying[] = [];
    await buy(
        intents.findOrMake("u", "e", 2, undefined), intents,
        { send: async () => { throw problem("sold_out", 409); }, pause: async () => undefined },
        (state) => states.push(state), new AbortController().signal,
    );
    const last = states[states.length - 1];
    assert.ok(last?.kind === "refused" && last.because === "sold_out");
    assert.equal(intents.find("u", "e"), undefined);
});

test("a page that is left says nothing more and keeps the intent", async () => {
    const intents = intentsOf(new Memory());
    const abort = new AbortController();
    const states: Buying[] = [];
    await buy(
        intents.findOrMake("u", "e", 2, undefined), intents,
        { send: async () => { abort.abort(); throw problem("no_answer", 0); }, pause: async () => undefined },
        (state) => states.push(state), abort.signal,
    );
    assert.deepEqual(states.map(({ kind }) => kind), ["sending"]);
    assert.ok(intents.find("u", "e") !== undefined);
});

/** Sends an intent with these answers, until one is a yes or the loop ends; gives the keys and what was told. */
async function send(
    intents: Intents, intent: Intent, answers: ApiError[],
    between: (pauseMs: number) => void = () => undefined,
): Promise<{ keys: string[]; states: Buying[] }> {
    const keys: string[] = [];
    const states: Buying[] = [];
    await buy(
        intent, intents,
        {
            send: async ({ key }) => {
                keys.push(key);
                const failure = answers.shift();
                if (failure !== undefined) throw failure;
                return accepted("o");
            },
            pause: async (ms) => between(ms), random: () => 0.5,
        },
        (state) => states.push(state), new AbortController().signal,
    );
    return { keys, states };
}

test("a lost answer, then a session that has ended: after signing in the same key is sent", async () => {
    const storage = new Memory();
    const intents = intentsOf(storage);
    const intent = intents.findOrMake("u", "e", 2, undefined);
    const first = await send(intents, intent, [problem("no_answer", 0), problem("unauthenticated", 401)]);
    assert.deepEqual(first.states[first.states.length - 1], { kind: "unsettled", because: "unauthenticated" });
    const again = intentsOf(storage);
    const found = again.find("u", "e");
    assert.ok(found !== undefined && found.isSent === true && again.isFresh(found));
    const second = await send(again, found, []);
    assert.deepEqual([...first.keys, ...second.keys], [intent.key, intent.key, intent.key]);
    assert.equal(again.find("u", "e")?.orderId, "o");
});

test("what may have been accepted is stopped, not forgotten, and ends only when its key is refused", async () => {
    const intents = intentsOf(new Memory());
    const intent = intents.findOrMake("u", "e", 2, undefined);
    const { keys, states } = await send(
        intents, intent, [problem("no_answer", 0)], () => intents.stop(intent),
    );
    assert.equal(keys.length, 1);
    assert.equal(states[states.length - 1]?.kind, "idle");
    const kept = intents.findOrMake("u", "e", 1, undefined);
    assert.equal(kept.key, intent.key);
    assert.equal(intents.isFresh(kept), false);
    const finished = await send(intents, intents.resume(kept), [problem("sold_out", 409)]);
    assert.deepEqual(finished.keys, [intent.key]);
    assert.equal(intents.find("u", "e"), undefined);
});

test("what was never sent, or was refused by its key, is forgotten when it is stopped", async () => {
    const intents = intentsOf(new Memory());
    intents.stop(intents.findOrMake("u", "e", 2, undefined));
    assert.equal(intents.find("u", "e"), undefined);
    const intent = intents.findOrMake("u", "e", 2, undefined);
    await send(intents, intent, [problem("sale_paused", 409, 1000)], () => intents.stop(intent));
    assert.equal(intents.find("u", "e"), undefined);
});

test("one with an order is not stopped, and one of an earlier version of the app may have been sent", () => {
    const storage = new Memory();
    const intents = intentsOf(storage);
    const bought = intents.accepted(intents.findOrMake("u", "e", 2, undefined), accepted("o"));
    intents.stop(bought);
    assert.equal(intents.find("u", "e")?.orderId, "o");
    const old = { key: "k", userId: "u", eventId: "other", quantity: 1, madeAt: 1 };
    storage.setItem(Intents.placeOf("u", "other"), JSON.stringify(old));
    intents.stop(old);
    assert.equal(intents.find("u", "other")?.isStopped, true);
});

test("a loop sends nothing that another tab has ended, and goes on with what it had accepted", async () => {
    const intents = intentsOf(new Memory());
    const ended = intents.findOrMake("u", "e", 2, undefined);
    const first = await send(intents, ended, [problem("overloaded", 503)], () => {
        intents.end(ended);
        intents.findOrMake("u", "e", 4, undefined);
    });
    assert.deepEqual(first.keys, [ended.key]);
    assert.equal(first.states[first.states.length - 1]?.kind, "idle");
    const next = intents.findOrMake("u", "e", 1, undefined);
    const second = await send(intents, next, [problem("overloaded", 503)], () => {
        intents.accepted(next, accepted("theirs"));
    });
    const last = second.states[second.states.length - 1];
    assert.ok(second.keys.length === 1 && last?.kind === "accepted" && last.orderId === "theirs");
});
