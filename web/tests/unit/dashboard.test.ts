import assert from "node:assert/strict";
import test from "node:test";
import type { Ledger } from "#openapi";
import { LiveSale } from "../../src/features/organiser/live";
import { Fleet, parseMetrics, quantile } from "../../src/features/organiser/metrics";
import { thinned, ticks } from "../../src/ui/scale";

const text = (instance: string, soldOut: number, fast: number, slow: number): string => `
# HELP onsale_purchases_refused_total Refused.
onsale_purchases_refused_total{code="sold_out"} ${soldOut}
onsale_purchases_refused_total{code="sale_closed"} 0
process_start_time_seconds ${instance}
onsale_http_request_duration_seconds_bucket{method="POST",route="/api/tickets/purchase",le="0.01"} ${fast}
onsale_http_request_duration_seconds_bucket{method="POST",route="/api/tickets/purchase",le="0.1"} ${fast + slow}
onsale_http_request_duration_seconds_bucket{method="POST",route="/api/tickets/purchase",le="+Inf"} ${fast + slow}
onsale_http_request_duration_seconds_bucket{method="GET",route="/api/orders/{id}",le="0.01"} 999
`;

test("metrics are read by name and label, and nothing else", () => {
    const sample = parseMetrics(text("100.5", 3, 10, 5));
    assert.equal(sample.instance, "100.5");
    assert.deepEqual(sample.refused, { sold_out: 3 });
    assert.deepEqual(sample.latency, [[0.01, 10], [0.1, 5], [Infinity, 0]]);
    assert.deepEqual(parseMetrics("<html>"), { instance: "", refused: {}, latency: [] });
});

test("quantiles lie within their bucket", () => {
    assert.equal(quantile([[0.01, 10], [0.1, 0]], 0.5), 0.005);
    assert.equal(quantile([[1, 90], [3, 10]], 0.95), 2);
    assert.equal(quantile([[0.01, 0], [Infinity, 4]], 0.5), 0.01);
    assert.equal(quantile([], 0.5), undefined);
});

test("gateways are added up, each by its last look, also after a restart", () => {
    const fleet = new Fleet();
    for (const sample of [text("1", 3, 10, 0), text("2", 4, 0, 0), text("1", 5, 10, 20), text("3", 1, 0, 0)]) fleet.add(
        parseMetrics(sample),
    );
    assert.equal(fleet.gateways, 3);
    assert.deepEqual(fleet.refused, { sold_out: 10 });
    assert.deepEqual(fleet.recentLatency, [[0.01, 0], [0.1, 20], [Infinity, 0]]);
});

function ledger(available: number, inFlight: number, pending: number, sold: number): Ledger {
    return {
        eventId: "e", capacity: 1000, balanced: true,
        postgres: { available: available + inFlight, pending, sold, cancelled: 0 },
        redis: { available, inFlight, epoch: 1 },
    };
}

test("a sale's rates are those between two looks", () => {
    const live = new LiveSale();
    live.add(ledger(1000, 0, 0, 0), undefined, 0);
    live.add(ledger(400, 400, 100, 100), undefined, 2000);
    const [first, second] = live.points;
    assert.equal(first?.acceptRate, 0);
    assert.deepEqual([second?.accepted, second?.confirmed, second?.backlog, second?.stock], [600, 100, 400, 400]);
    assert.deepEqual([second?.acceptRate, second?.drainRate], [300, 100]);
});

test("an axis has round marks from none to above the largest", () => {
    assert.deepEqual(ticks(0), [0, 1]);
    assert.deepEqual(ticks(7), [0, 2, 4, 6, 8]);
    assert.deepEqual(ticks(980), [0, 500, 1000]);
    assert.deepEqual(ticks(0.03), [0, 0.01, 0.02, 0.03]);
});

test("thinned points keep the newest", () => {
    const points = Array.from({ length: 101 }, (_, index) => index);
    const few = thinned(points, 10);
    assert.ok(few.length <= 10);
    assert.equal(few[few.length - 1], 100);
});
