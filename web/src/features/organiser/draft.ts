import type { Currency, Event, EventChange, NewEvent } from "#openapi";

/** An event's form, as it is typed. */
export interface Draft {
    title: string;
    description: string;
    venue: string;
    eventDate: string;
    price: string;
    currency: Currency;
    totalTickets: string;
    limitPerBuyer: string;
    saleOpensAt: string;
    saleClosesAt: string;
}

export const currencies: readonly Currency[] = [
    "EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "NZD",
];

export const emptyDraft: Draft = {
    title: "", description: "", venue: "", eventDate: "", price: "", currency: "EUR", totalTickets: "", limitPerBuyer: "4",
    saleOpensAt: "", saleClosesAt: "",
};

const two = (value: number): string => String(value).padStart(2, "0");

/** What `<input type="datetime-local">` takes: the time at the organiser's place; seconds where there are any. */
export function localTime(time: string | undefined): string {
    if (time === undefined) return "";
    const date = new Date(time);
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    const seconds = date.getSeconds() === 0 ? "" : `:${two(date.getSeconds())}`;
    return `${day}T${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
}

/** undefined for what is no time. */
export function utcTime(local: string): string | undefined {
    const date = new Date(local);
    return local === "" || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** An amount in minor units from what a person types, with a point or a comma; undefined for what is none. */
export function minorUnits(text: string): number | undefined {
    const match = /^(\d{1,8})(?:[.,](\d{1,2}))?$/.exec(text.trim());
    if (match === null) return undefined;
    return Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}

export function draftOf(event: Event): Draft {
    const { amount, currency } = event.ticketPrice;
    return {
        title: event.title, description: event.description, venue: event.venue, eventDate: localTime(event.eventDate),
        price: amount % 100 === 0 ? String(amount / 100) : (amount / 100).toFixed(2), currency,
        totalTickets: String(event.totalTickets), limitPerBuyer: String(event.limitPerBuyer),
        saleOpensAt: localTime(event.saleOpensAt), saleClosesAt: localTime(event.saleClosesAt),
    };
}

/** What is wrong with a draft, by the fields of the API; the kinds are words of the catalogue. */
export function faults(draft: Draft): Record<string, "required" | "number" | "amount"> {
    const found: Record<string, "required" | "number" | "amount"> = {};
    for (const field of ["title", "venue", "eventDate", "totalTickets"] as const) {
        if (draft[field].trim() === "") found[field] = "required";
    }
    if (found["totalTickets"] === undefined && !/^\d{1,10}$/.test(draft.totalTickets)) found["totalTickets"] = "number";
    if (!/^[1-9]\d{0,6}$/.test(draft.limitPerBuyer)) found["limitPerBuyer"] = "number";
    if (minorUnits(draft.price) === undefined) found["ticketPrice"] = "amount";
    return found;
}

/** The body for a draft without faults. A time that was taken out is `null`, which takes it away. */
export function bodyOf(draft: Draft): NewEvent {
    return {
        title: draft.title.trim(), description: draft.description, venue: draft.venue.trim(), eventDate: utcTime(
            draft.eventDate,
        ) ?? "",
        ticketPrice: { amount: minorUnits(draft.price) ?? 0, currency: draft.currency }, totalTickets: Number(
            draft.totalTickets,
        ),
        limitPerBuyer: Number(draft.limitPerBuyer), saleOpensAt: utcTime(draft.saleOpensAt) ?? null,
        saleClosesAt: utcTime(draft.saleClosesAt) ?? null,
    };
}

/** The body that changes an event to a draft without faults: only what the organiser has changed. */
export function changesOf(draft: Draft, event: Event): EventChange {
    const before = bodyOf(draftOf(event));
    const after = bodyOf(draft);
    const changed = Object.entries(after).filter(([field, value]) =>
        JSON.stringify(value) !== JSON.stringify(before[field as keyof NewEvent]),
    );
    return Object.fromEntries(changed);
}
