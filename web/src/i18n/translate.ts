import type { Catalogue, English, Plural } from "./catalogue";

export type MessageKey = keyof English;

type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

type TextOf<Key extends MessageKey> = English[Key] extends { other: infer Text } ? Text : English[Key];

/** The parameters of a message, as its English text has them; a plural always has its `count`. */
export type Values<Key extends MessageKey> = {
    [Name in
        | (TextOf<Key> extends string ? Names<TextOf<Key>> : never)
        | (English[Key] extends string ? never : "count")]: Name extends "count" ? number : string | number;
};

export type Arguments<Key extends MessageKey> = keyof Values<Key> extends never ? [] : [values: Values<Key>];

export type Translate = <Key extends MessageKey>(key: Key, ...values: Arguments<Key>) => string;

/** Puts a catalogue's messages into words. */
export function translator(catalogue: Catalogue, locale: string): Translate {
    const rules = new Intl.PluralRules(locale);
    const numbers = new Intl.NumberFormat(locale);
    return (key, ...[values]) => {
        const given = (values ?? {}) as Record<string, string | number>;
        const message: string | Plural | undefined = catalogue[key];
        if (message === undefined) return key;
        const text =
            typeof message === "string" ? message : message[rules.select(Number(given["count"]))] ?? message.other;
        return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
            const value = given[name];
            if (value === undefined) return whole;
            return typeof value === "number" ? numbers.format(value) : value;
        });
    };
}
