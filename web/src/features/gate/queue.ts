import type { Redemption } from "#openapi";

/** A scan as it was made. Its nonce makes sending it again the same scan: whoever was admitted by it stays admitted. */
export interface Scan {
    nonce: string;
    code: string;
    eventId: string;
    gate: string;
    /** Milliseconds since 1970. */
    at: number;
}

export interface CheckedScan extends Scan {
    answer: Redemption;
    /** It waited for the network, and its holder has gone their way by now. */
    isLate: boolean;
}

/**
 * Scans that wait for the network, in a place that outlives the page. At most so many: a gate of a thousand an hour
 * lasts a day.
 */
export const QUEUE_LIMIT = 20_000;

export interface QueueStorage {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
}

/** What is stored is what counts, each time anew: another tab may have a gate too. */
export class ScanQueue {
    constructor(private readonly storage: QueueStorage, readonly name: string) {}

    private static read(text: string | null): Scan[] {
        try {
            const value: unknown = JSON.parse(text ?? "[]");
            return Array.isArray(value)
                ? (value as Scan[]).filter((scan) => typeof scan.nonce === "string" && typeof scan.code === "string")
                : [];
        } catch {
            return [];
        }
    }

    get scans(): readonly Scan[] {
        return ScanQueue.read(this.storage.getItem(this.name));
    }

    /** @returns Whether there was room. */
    add(scan: Scan): boolean {
        const others = this.scans.filter(({ nonce }) => nonce !== scan.nonce);
        if (others.length >= QUEUE_LIMIT) return false;
        this.keep([...others, scan]);
        return true;
    }

    remove(nonce: string): void {
        this.keep(this.scans.filter((scan) => scan.nonce !== nonce));
    }

    private keep(scans: Scan[]): void {
        this.storage.setItem(this.name, JSON.stringify(scans));
    }
}

/**
 * What a scanner gave, as a ticket's code: without spaces, in capitals, and with the letters that Crockford's alphabet
 * leaves out taken for the digits that they are mistaken for. undefined: it is none.
 */
export function codeOf(text: string): string | undefined {
    const code = text.replace(/[\s-]/g, "").toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1");
    return /^[0-9A-HJKMNP-TV-Z]{26}$/.test(code) ? code : undefined;
}
