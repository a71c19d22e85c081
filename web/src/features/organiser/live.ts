import type { Ledger } from "#openapi";
import { Fleet, quantile, type GatewaySample } from "./metrics";

/** One look at a sale: what the ledger says, and how fast it moves. */
export interface LivePoint {
    /** Milliseconds since 1970. */
    at: number;
    accepted: number;
    confirmed: number;
    pending: number;
    backlog: number;
    stock: number;
    /** Tickets a second since the look before. */
    acceptRate: number;
    drainRate: number;
    /** Milliseconds; undefined while nobody buys. */
    p50: number | undefined;
    p95: number | undefined;
    p99: number | undefined;
}

/** Points kept, one a second. Beyond: the oldest go. */
const KEPT = 600;

/** A sale as it was seen since the page was opened. */
export class LiveSale {
    readonly fleet = new Fleet();
    points: readonly LivePoint[] = [];
    ledger: Ledger | undefined;

    add(ledger: Ledger, sample: GatewaySample | undefined, at: number): void {
        if (sample !== undefined) this.fleet.add(sample);
        const { pending, sold, cancelled, available } = ledger.postgres;
        const backlog = ledger.redis?.inFlight ?? 0;
        const written = pending + sold + cancelled;
        const accepted = written + backlog;
        const before = this.points[this.points.length - 1];
        const seconds = before === undefined ? 0 : (at - before.at) / 1000;
        const beforeWritten = before === undefined ? 0 : before.accepted - before.backlog;
        const rate = (change: number): number => (seconds > 0 ? Math.max(0, change / seconds) : 0);
        const recent = this.fleet.recentLatency;
        const milliseconds = (share: number): number | undefined => {
            const value = quantile(recent, share);
            return value === undefined ? undefined : value * 1000;
        };
        this.ledger = ledger;
        this.points = [
            ...this.points,
            {
                at, accepted, confirmed: sold, pending, backlog, stock: ledger.redis?.available ?? available,
                acceptRate: before === undefined ? 0 : rate(accepted - before.accepted),
                drainRate: before === undefined ? 0 : rate(written - beforeWritten),
                p50: milliseconds(0.5), p95: milliseconds(0.95), p99: milliseconds(0.99),
            },
        ].slice(-KEPT);
    }
}
