import assert from "node:assert/strict";
import test from "node:test";
import type { Event } from "#openapi";
import { bandOf, type Band } from "../../src/features/events/band";
import { bodyOf, draftOf, emptyDraft, faults, localTime, minorUnits, utcTime } from "../../src/features/organiser/draft";
import { unfit } from "../../src/features/organiser/upload";

const now = Date.parse("2030-01-01T12:00:00Z");

function event(change: Partial<Event> = {}): Event {
    return {
        id: "e", title: "T", description: "", venue: "V", eventDate: "2030-06-01T20:00:00Z", ticketPrice: {
            amount: 4500, currency: "EUR",
        },
        totalTickets: 1000, availableTickets: 1000, limitPerBuyer: 4, saleState: "open", createdAt: "2029-01-01T00:00:00Z",
        updatedAt: "2029-01-01T00:00:00Z", ...change,
    };
}

test("a sale's state in a word", () => {
    const cases: Array<[Partial<Event>, Band]> = [
        [{}, { kind: "plenty" }],
        [{ availableTickets: 100 }, { kind: "few", count: 100 }],
        [{ availableTickets: 101 }, { kind: "plenty" }],
        [{ totalTickets: 60, availableTickets: 10 }, { kind: "few", count: 10 }],
        [{ totalTickets: 100_000, availableTickets: 300 }, { kind: "plenty" }],
        [{ availableTickets: 0 }, { kind: "soldOut" }],
        [{ saleState: "scheduled" }, { kind: "soon" }],
        [{ saleState: "scheduled", saleOpensAt: "2030-01-01T12:00:01Z" }, { kind: "opens", at: now + 1000 }],
        [{ saleState: "scheduled", saleOpensAt: "2030-01-01T12:00:00Z" }, { kind: "plenty" }],
        [{ saleState: "open", saleOpensAt: "2030-01-02T12:00:00Z" }, { kind: "plenty" }],
        [{ saleState: "paused", availableTickets: 0 }, { kind: "paused" }],
        [{ saleState: "closed" }, { kind: "closed" }],
        [{ saleClosesAt: "2030-01-01T12:00:00Z" }, { kind: "closed" }],
        [{ eventDate: "2030-01-01T11:00:00Z" }, { kind: "past" }],
        [{ cancelledAt: "2029-12-01T00:00:00Z", saleState: "closed" }, { kind: "cancelled" }],
    ];
    for (const [change, band] of cases) assert.deepEqual(bandOf(event(change), now), band, JSON.stringify(change));
});

test("an amount is read with a point or a comma, and nothing else is an amount", () => {
    const cases: Array<[string, number | undefined]> = [
        ["45", 4500], ["45.5", 4550], ["45,50", 4550], [" 0 ", 0], ["0.07", 7], ["", undefined], ["45.505", undefined], [
            "-1", undefined,
        ], ["1e3", undefined], ["1.234,50", undefined],
    ];
    for (const [text, amount] of cases) assert.equal(minorUnits(text), amount, text);
});

test("a draft goes to the API and back unchanged", () => {
    const original = event({ saleOpensAt: "2030-02-01T09:00:00.000Z", ticketPrice: { amount: 4550, currency: "CHF" } });
    const body = bodyOf(draftOf(original));
    assert.equal(Date.parse(body.eventDate ?? ""), Date.parse(original.eventDate));
    assert.equal(body.saleOpensAt, original.saleOpensAt);
    assert.equal(body.saleClosesAt, null);
    assert.deepEqual(body.ticketPrice, original.ticketPrice);
    assert.deepEqual(faults(draftOf(original)), {});
});

test("a draft's faults are named by their fields", () => {
    assert.deepEqual(faults(emptyDraft), {
        title: "required", venue: "required", eventDate: "required", totalTickets: "required", ticketPrice: "amount",
    });
    assert.deepEqual(faults({ ...draftOf(event()), totalTickets: "1.5", limitPerBuyer: "0" }), {
        totalTickets: "number", limitPerBuyer: "number",
    });
});

test("a time at the organiser's place is the same moment", () => {
    const time = "2030-03-31T01:30:00.000Z";
    assert.equal(utcTime(localTime(time)), time);
    assert.equal(utcTime(""), undefined);
    assert.equal(utcTime("tomorrow"), undefined);
});

test("only images of a fit size are sent", () => {
    assert.equal(unfit({ type: "image/png", size: 10 }), undefined);
    assert.equal(unfit({ type: "image/svg+xml", size: 10 }), "type");
    assert.equal(unfit({ type: "image/png", size: 9_000_000 }), "size");
    assert.equal(unfit({ type: "image/png", size: 0 }), "size");
});
