import assert from "node:assert/strict";
import test from "node:test";
import { href, match } from "../../src/router/routes";

test("a path names a page with its parameters", () => {
    assert.deepEqual(match("/"), { name: "events", parameters: {} });
    assert.deepEqual(match("/events/7/"), { name: "event", parameters: { id: "7" } });
    assert.deepEqual(match("/organise/events/new"), { name: "newEvent", parameters: {} });
    assert.deepEqual(match("/organise/events/new/orders"), { name: "eventOrders", parameters: { id: "new" } });
    assert.deepEqual(match("/tickets/A%20B"), { name: "ticket", parameters: { code: "A B" } });
});

test("a path that is none names no page", () => {
    for (const path of ["/events", "/events//", "/events/1/2", "/nowhere", "/tickets/%E0%A4%A"]) assert.equal(
        match(path), undefined, path,
    );
});

test("an address leads back to its page", () => {
    assert.equal(href("events"), "/");
    assert.equal(href("ticket", { code: "A/B?C" }), "/tickets/A%2FB%3FC");
    assert.deepEqual(match(href("ticket", { code: "A/B?C" })), { name: "ticket", parameters: { code: "A/B?C" } });
});
