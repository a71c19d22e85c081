import { createStore, useStore } from "../state/store";
import type { Catalogue, StaffCatalogue } from "./catalogue";
import { formats, type Formats } from "./format";
import { translator, type MessageKey, type Translate } from "./translate";

export type Language = "en" | "de";
export const languages: ReadonlyArray<{ code: Language; name: string }> = [
    { code: "en", name: "English" },
    { code: "de", name: "Deutsch" },
];

export interface Words extends Formats {
    language: Language;
    locale: string;
    t: Translate;
    /** Whether there is a message of this key: for codes that a newer service may have and this app not. */
    has(key: string): key is PlainKey;
}

/** A key whose message needs no parameters; a code's message is one. */
type PlainKey = Extract<MessageKey, "error.unexpected" | "buy.refused.other" | "buy.waiting.other">;

const KEY = "onsale.language";

/** The visitor's own kind of a language, such as `de-AT`, so that dates and prices look as at home. */
export function localeFor(language: Language, preferred: readonly string[]): string {
    return preferred.find((locale) => locale.toLowerCase().split("-")[0] === language) ?? (language === "en" ? "en-GB" : "de-DE");
}

/** The first of the visitor's languages that there is. */
export function bestLanguage(preferred: readonly string[]): Language {
    for (const locale of preferred) {
        const language = locale.toLowerCase().split("-")[0];
        const known = languages.find(({ code }) => code === language);
        if (known !== undefined) return known.code;
    }
    return "en";
}

function words(language: Language, catalogue: Catalogue): Words {
    const locale = localeFor(language, navigator.languages);
    return {
        language, locale, t: translator(catalogue, locale), has: (key): key is PlainKey => key in catalogue, ...formats(locale),
    };
}

/** undefined until `startLanguage` is done, before which nothing is shown. */
const store = createStore<Words | undefined>(undefined);

/** Set once an organiser's page was opened; later languages then bring those words, too. */
let isStaff = false;

async function load(language: Language): Promise<Catalogue> {
    const [buyer, staff] = await Promise.all([
        language === "de" ? import("./de").then(({ de }) => de) : import("./en").then(({ en }) => en),
        isStaff ? loadStaff(language) : {},
    ]);
    return { ...buyer, ...staff };
}

async function loadStaff(language: Language): Promise<StaffCatalogue> {
    return language === "de" ? (await import("./de-staff")).deStaff : (await import("./en-staff")).enStaff;
}

/** Before an organiser's page is shown. */
export async function addStaffWords(): Promise<void> {
    if (isStaff) return;
    isStaff = true;
    try {
        await chooseLanguage(store.get()?.language ?? "en", false);
    } catch (error) {
        isStaff = false;
        throw error;
    }
}

export async function chooseLanguage(language: Language, isByHand = true): Promise<void> {
    const catalogue = await load(language);
    store.set(words(language, catalogue));
    document.documentElement.lang = language;
    if (!isByHand) return;
    try {
        localStorage.setItem(KEY, language);
    } catch {
        // It then lasts as long as the page.
    }
}

/** Before the first view, so that no words change before the visitor's eyes. */
export async function startLanguage(): Promise<void> {
    let chosen: string | null = null;
    try {
        chosen = localStorage.getItem(KEY);
    } catch {
        // Without storage the browser's languages count.
    }
    const language = languages.find(({ code }) => code === chosen)?.code ?? bestLanguage(navigator.languages);
    await chooseLanguage(language, false);
}

export function useWords(): Words {
    const now = useStore(store);
    if (now === undefined) throw new Error("no language was chosen before the first view");
    return now;
}
