import assert from "node:assert/strict";
import test from "node:test";
import { codeOf, ScanQueue, type Scan } from "../../src/features/gate/queue";

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

test("a store with nonsense in it is an empty queue", () => {
    for (const text of ["", "{", "7", "[7]", "[{}]"]) {
        const queue = new ScanQueue({ getItem: () => text, setItem: () => undefined }, "q");
        assert.equal(queue.scans.length, 0, text);
    }
});
