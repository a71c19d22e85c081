import assert from "node:assert/strict";
import test from "node:test";
import { de } from "../../src/i18n/de";
import { deStaff } from "../../src/i18n/de-staff";
import { en } from "../../src/i18n/en";
import { enStaff } from "../../src/i18n/en-staff";
import { formats, inUnits } from "../../src/i18n/format";
import { translator } from "../../src/i18n/translate";
import type { Plural } from "../../src/i18n/catalogue";

type Messages = Readonly<Record<string, string | Plural>>;

const names = (message: string | Plural): string => {
    const text = typeof message === "string" ? message : message.other;
    return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort().join();
};

test("every language has the same messages with the same parameters, and none is empty", () => {
    for (const [own, other] of [[en, de], [enStaff, deStaff]] as Array<[Messages, Messages]>) {
        assert.deepEqual(Object.keys(other), Object.keys(own));
        for (const [key, message] of Object.entries(own)) {
            const translated = other[key] ?? "";
            assert.equal(names(translated), names(message), key);
            assert.equal(typeof translated, typeof message, key);
            const texts = typeof translated === "string" ? [translated] : Object.values(translated);
            assert.ok(texts.every((text) => text.trim() !== ""), key);
        }
    }
});

test("messages are put into words with plurals and numbers of the language", () => {
    const english = translator({ ...en, ...enStaff }, "en-GB");
    assert.equal(english("events.found", { count: 1 }), "1 event");
    assert.equal(english("events.found", { count: 2000 }), "2,000 events");
    assert.equal(english("ticket.of", { number: 1, count: 3 }), "Ticket 1 of 3");
    const german = translator({ ...de, ...deStaff }, "de-DE");
    assert.equal(german("events.found", { count: 1 }), "1 Veranstaltung");
    assert.equal(german("events.found", { count: 2000 }), "2.000 Veranstaltungen");
});

test("a parameter cannot bring parameters of its own", () => {
    assert.equal(
        translator(en, "en")("account.forgot.sent.text", { email: "{email}" }),
        "If there is an account for {email}, a link is on its way.",
    );
});

test("money and times are written as the locale does", () => {
    const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, " ");
    assert.equal(plain(formats("de-DE").money({ amount: 4550, currency: "EUR" })), "45,50 €");
    assert.equal(plain(formats("en-GB").money({ amount: 999_999_999_999, currency: "GBP" })), "£9,999,999,999.99");
    assert.equal(formats("en").relative(-5 * 60_000), "5 minutes ago");
    assert.equal(formats("de").relative(3 * 86_400_000), "in 3 Tagen");
    assert.deepEqual(inUnits(59_000), { unit: "second", count: 59 });
    assert.deepEqual(inUnits(-7_200_000), { unit: "hour", count: -2 });
});
