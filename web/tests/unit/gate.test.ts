import assert from "node:assert/strict";
import test from "node:test";
import { Checker, type CheckerTools, type Verdict } from "../../src/features/gate/checker";
import { codeOf, QUEUE_LIMIT, ScanQueue, type CheckedScan, type Scan } from "../../src/features/gate/queue";

const scan = (nonce: string): Scan => ({
    nonce, code: "0123456789ABCDEFGHJKMNPQRS", eventId: "e", gate: "North", at: 1,
});

test("what a scanner types is a code, with what people get wrong put right", () => {
    const code = "0123456789ABCDEFGHJKMNPQRS";
    assert.equal(codeOf(code), code);
    assert.equal(codeOf(" 01234-56789 abcde fghjk mnpqrs\n"), code);
    assert.equal(codeOf("O123456789ABCDEFGHJKMNPQRS"), code);
    assert.equal(codeOf("0I23456789ABCDEFGHJKMNPQRS"), code);
    for (const text of ["", "0123", code + "0", "0123456789ABCDEFGHJKMNPQR!", "https://example.org"]) assert.equal(
        codeOf(text), undefined, text,
    );
});

test("scans outlive the page, in their order, until each is done with", () => {
    const items = new Map<string, string>();
    const storage = {
        getItem: (key: string) => items.get(key) ?? null,
        setItem: (key: string, value: string) => void items.set(key, value),
    };
    const queue = new ScanQueue(storage, "q");
    assert.ok(queue.add(scan("1")) && queue.add(scan("2")));
    const again = new ScanQueue(storage, "q");
    assert.deepEqual(again.scans.map(({ nonce }) => nonce), ["1", "2"]);
    again.remove("1");
    assert.deepEqual(new ScanQueue(storage, "q").scans.map(({ nonce }) => nonce), ["2"]);
});

test("two tabs keep each other's scans, and a full queue says so", () => {
    const items = new Map<string, string>();
    const storage = {
        getItem: (key: string) => items.get(key) ?? null,
        setItem: (key: string, value: string) => void items.set(key, value),
    };
    const one = new ScanQueue(storage, "q");
    const other = new ScanQueue(storage, "q");
    one.add(scan("1"));
    other.add(scan("2"));
    one.add(scan("3"));
    other.remove("1");
    assert.deepEqual(one.scans.map(({ nonce }) => nonce), ["2", "3"]);
    items.set("q", JSON.stringify(Array.from({ length: QUEUE_LIMIT }, (_, index) => scan(String(index)))));
    assert.equal(one.add(scan("one more")), false);
});

test("a store with nonsense in it is an empty queue", () => {
    for (const text of ["", "{", "7", "[7]", "[{}]"]) {
        const queue = new ScanQueue({ getItem: () => text, setItem: () => undefined }, "q");
        assert.equal(queue.scans.length, 0, text);
    }
});

/** A checker whose answers come when the test says so. */
function checking(change: Partial<CheckerTools> = {}): {
    checker: Checker; shown: Verdict[]; history: CheckedScan[]; answer: Map<string, () => void>;
} {
    const shown: Verdict[] = [];
    const history: CheckedScan[] = [];
    const answer = new Map<string, () => void>();
    const checker = new Checker({
        isOnline: () => true,
        redeem: ({ nonce }) => new Promise((resolve) => answer.set(nonce, () => resolve({ result: "admitted" }))),
        keep: () => true, show: (verdict) => void shown.push(verdict), checked: (one) => void history.push(one), ...change,
    });
    return { checker, shown, history, answer };
}

test("a late answer to an earlier scan does not stand over a newer one", async () => {
    const { checker, shown, history, answer } = checking();
    const first = checker.check(scan("1"));
    const second = checker.check(scan("2"));
    answer.get("1")?.();
    await first;
    assert.deepEqual(shown.map(({ kind }) => kind), ["checking", "checking"]);
    answer.get("2")?.();
    await second;
    const last = shown[shown.length - 1];
    assert.ok(last?.kind === "checked" && last.scan.nonce === "2" && shown.length === 3);
    assert.deepEqual(history.map(({ nonce }) => nonce), ["1", "2"]);
    const third = checker.check(scan("3"));
    checker.malformed();
    answer.get("3")?.();
    await third;
    assert.equal(shown[shown.length - 1]?.kind, "malformed");
});

test("what is not answered in time waits, also when not even a token came, and without room it says so", async () => {
    const never = { redeem: () => new Promise<never>(() => undefined), patienceMs: 10 };
    const kept: string[] = [];
    const slow = checking({ ...never, keep: ({ nonce }) => kept.push(nonce) > 0 });
    await slow.checker.check(scan("1"));
    assert.deepEqual([slow.shown.map(({ kind }) => kind), kept], [["checking", "queued"], ["1"]]);
    const full = checking({ isOnline: () => false, keep: () => false });
    await full.checker.check(scan("1"));
    assert.deepEqual(full.shown, [{ kind: "full" }]);
});
