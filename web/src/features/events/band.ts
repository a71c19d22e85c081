import type { Event } from "#openapi";

/** How a sale stands, in a word. */
export type Band =
    | { kind: "plenty" }
    | { kind: "few"; count: number }
    | { kind: "soldOut" }
    | { kind: "opens"; at: number }
    | { kind: "soon" }
    | { kind: "paused" }
    | { kind: "closed" }
    | { kind: "cancelled" }
    | { kind: "past" };

/** `few`: a tenth of all, but no more than this, and always the last ten. */
const FEW_AT_MOST = 250;
const FEW_AT_LEAST = 10;

/** @param now The server's time, in milliseconds since 1970. */
export function bandOf(event: Event, now: number): Band {
    if (event.cancelledAt !== undefined) return { kind: "cancelled" };
    if (Date.parse(event.eventDate) <= now) return { kind: "past" };
    const closes = event.saleClosesAt === undefined ? Infinity : Date.parse(event.saleClosesAt);
    if (event.saleState === "closed" || closes <= now) return { kind: "closed" };
    if (event.saleState === "paused") return { kind: "paused" };
    if (event.saleState === "scheduled") {
        if (event.saleOpensAt === undefined) return { kind: "soon" };
        const at = Date.parse(event.saleOpensAt);
        if (at > now) return { kind: "opens", at };
    }
    if (event.availableTickets <= 0) return { kind: "soldOut" };
    const few = Math.max(FEW_AT_LEAST, Math.min(event.totalTickets / 10, FEW_AT_MOST));
    return event.availableTickets <= few ? { kind: "few", count: event.availableTickets } : { kind: "plenty" };
}

/** Whether tickets can be bought now. */
export function isOpen(band: Band): boolean {
    return band.kind === "plenty" || band.kind === "few";
}
