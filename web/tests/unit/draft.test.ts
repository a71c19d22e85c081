import assert from "node:assert/strict";
import test from "node:test";
import type { Event } from "#openapi";
import { changesOf, draftOf } from "../../src/features/organiser/draft";

const event: Event = {
    id: "e", title: "Nocturne", description: "", venue: "Old Foundry", eventDate: "2030-06-21T18:00:00.000Z",
    ticketPrice: { amount: 4550, currency: "EUR" }, totalTickets: 100, availableTickets: 100, limitPerBuyer: 4,
    saleState: "scheduled", saleOpensAt: "2030-05-01T10:00:30.000Z", createdAt: "2030-01-01T00:00:00.000Z",
    updatedAt: "2030-01-01T00:00:00.000Z",
} as Event;

test("a form that is saved as it came changes nothing, seconds included", () => {
    assert.match(draftOf(event).saleOpensAt, /:00:30$/);
    assert.deepEqual(changesOf(draftOf(event), event), {});
    assert.deepEqual(changesOf(draftOf(event), { ...event, saleOpensAt: "2030-05-01T10:00:30Z" }), {});
});

test("only what was changed is sent, and a time that was taken out is null", () => {
    assert.deepEqual(changesOf({ ...draftOf(event), title: " Notturno " }, event), { title: "Notturno" });
    assert.deepEqual(changesOf({ ...draftOf(event), saleOpensAt: "" }, event), { saleOpensAt: null });
    assert.deepEqual(
        changesOf({ ...draftOf(event), price: "46" }, event), { ticketPrice: { amount: 4600, currency: "EUR" } },
    );
});
