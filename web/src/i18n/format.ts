import type { Money } from "#openapi";

/** How dates, money and numbers are written in a locale, by `Intl` alone. */
export interface Formats {
    money(money: Money): string;
    number(value: number): string;
    percent(fraction: number): string;
    /** Thu, 21 June 2030, 20:00 */
    dateTime(time: string | number | Date): string;
    /** 21 June 2030 */
    date(time: string | number | Date): string;
    /** 20:00:05 */
    clock(time: string | number | Date): string;
    /** As short as it can be told apart: the time today, else the day. */
    short(time: string | number | Date): string;
    day(time: string | number | Date): { weekday: string; day: string; month: string; year: string };
    /** 3 minutes */
    duration(milliseconds: number): string;
    /** in 3 days, 5 minutes ago */
    relative(milliseconds: number): string;
}

const UNITS = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1000],
] as const;

/** The largest unit that is in a time, and how many of them. */
export function inUnits(milliseconds: number): { unit: "day" | "hour" | "minute" | "second"; count: number } {
    const size = Math.abs(milliseconds);
    for (const [unit, length] of UNITS) {
        if (size >= length) return { unit, count: Math.round(milliseconds / length) };
    }
    return { unit: "second", count: Math.round(milliseconds / 1000) };
}

export function formats(locale: string): Formats {
    const make = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => new Intl.DateTimeFormat(locale, options);
    const dateTime = make({ weekday: "short", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" });
    const date = make({ day: "numeric", month: "long", year: "numeric" });
    const clock = make({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const time = make({ hour: "2-digit", minute: "2-digit" });
    const shortDate = make({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    const longShortDate = make({ day: "numeric", month: "short", year: "numeric" });
    const parts = {
        weekday: make({ weekday: "short" }), day: make({ day: "2-digit" }), month: make({ month: "short" }),
        year: make({ year: "numeric" }),
    };
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    const percent = new Intl.NumberFormat(locale, { style: "percent" });
    const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
    const money = new Map<string, Intl.NumberFormat>();
    const moneyFormat = (currency: string): Intl.NumberFormat => {
        let format = money.get(currency);
        if (format === undefined) {
            format = new Intl.NumberFormat(locale, { style: "currency", currency });
            money.set(currency, format);
        }
        return format;
    };
    return {
        money({ amount, currency }) {
            const format = moneyFormat(currency);
            const digits = format.resolvedOptions().maximumFractionDigits;
            return format.format(amount / 10 ** digits);
        },
        number: (value) => number.format(value),
        percent: (fraction) => percent.format(fraction),
        dateTime: (at) => dateTime.format(new Date(at)),
        date: (at) => date.format(new Date(at)),
        clock: (at) => clock.format(new Date(at)),
        short(at) {
            const when = new Date(at);
            const now = new Date();
            if (when.toDateString() === now.toDateString()) return time.format(when);
            return when.getFullYear() === now.getFullYear() ? shortDate.format(when) : longShortDate.format(when);
        },
        day(at) {
            const when = new Date(at);
            return {
                weekday: parts.weekday.format(when), day: parts.day.format(when), month: parts.month.format(when),
                year: parts.year.format(when),
            };
        },
        duration(milliseconds) {
            const { unit, count } = inUnits(milliseconds);
            return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(Math.abs(count));
        },
        relative(milliseconds) {
            const { unit, count } = inUnits(milliseconds);
            return relative.format(count, unit);
        },
    };
}
