/** What the gateways' `/metrics` say, read for the dashboard (the text format of Prometheus). */
export interface GatewaySample {
    /** When the gateway began: what tells one from another, and from itself before a restart. */
    instance: string;
    /** Refused purchases by code, of all events. */
    refused: Readonly<Record<string, number>>;
    /** Purchases answered so far by the upper bound of their time, in seconds; not cumulative. */
    latency: ReadonlyArray<readonly [bound: number, count: number]>;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)$/;

function labelsOf(text: string): Record<string, string> {
    const labels: Record<string, string> = {};
    for (const [, name, value] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
        if (name !== undefined && value !== undefined) labels[name] = value;
    }
    return labels;
}

export function parseMetrics(text: string): GatewaySample {
    let instance = "";
    const refused: Record<string, number> = {};
    const cumulative: Array<[number, number]> = [];
    for (const line of text.split("\n")) {
        const [, name, labelText, valueText] = LINE.exec(line) ?? [];
        if (name === undefined || valueText === undefined) continue;
        const value = Number(valueText);
        const labels = labelsOf(labelText ?? "");
        if (name === "process_start_time_seconds") instance = valueText;
        if (name === "onsale_purchases_refused_total" && value > 0 && labels["code"] !== undefined) {
            refused[labels["code"]] = value;
        }
        if (name === "onsale_http_request_duration_seconds_bucket" && labels["route"] === "/api/tickets/purchase" &&
            labels["method"] === "POST") {
            cumulative.push([labels["le"] === "+Inf" ? Infinity : Number(labels["le"]), value]);
        }
    }
    cumulative.sort((one, other) => one[0] - other[0]);
    const latency = cumulative.map(([bound, count], index) =>
        [bound, count - (cumulative[index - 1]?.[1] ?? 0)] as const);
    return { instance, refused, latency };
}

/**
 * A share of the values lies at or below the result, in seconds; within a bucket they are taken to be spread evenly.
 */
export function quantile(buckets: ReadonlyArray<readonly [number, number]>, share: number): number | undefined {
    const total = buckets.reduce((sum, [, count]) => sum + count, 0);
    if (total <= 0) return undefined;
    let before = 0;
    let low = 0;
    for (const [bound, count] of buckets) {
        if (before + count >= share * total && count > 0) {
            return bound === Infinity ? low : low + ((bound - low) * (share * total - before)) / count;
        }
        before += count;
        low = bound === Infinity ? low : bound;
    }
    return low;
}

/** Samples kept of a gateway, a second each: what "the last seconds" of the latency are. */
const WINDOW = 10;

/**
 * Adds up what is seen of several gateways. Behind a load balancer each look is answered by one of them, so the last
 * look at each counts.
 */
export class Fleet {
    private readonly seen = new Map<string, GatewaySample[]>();

    add(sample: GatewaySample): void {
        const before = this.seen.get(sample.instance) ?? [];
        this.seen.set(sample.instance, [...before, sample].slice(-WINDOW));
    }

    get gateways(): number {
        return this.seen.size;
    }

    get refused(): Record<string, number> {
        const sum: Record<string, number> = {};
        for (const samples of this.seen.values()) {
            for (const [code, count] of Object.entries(samples[samples.length - 1]?.refused ?? {})) {
                sum[code] = (sum[code] ?? 0) + count;
            }
        }
        return sum;
    }

    /** The purchases that were answered between the first and the last look that are kept. */
    get recentLatency(): ReadonlyArray<readonly [number, number]> {
        const sum = new Map<number, number>();
        for (const samples of this.seen.values()) {
            const first = new Map(samples[0]?.latency ?? []);
            for (const [bound, count] of samples[samples.length - 1]?.latency ?? []) {
                sum.set(bound, (sum.get(bound) ?? 0) + Math.max(0, count - (first.get(bound) ?? 0)));
            }
        }
        return [...sum].sort((one, other) => one[0] - other[0]);
    }
}
