import assert from "node:assert/strict";
import test from "node:test";
import { ServerClock } from "../../src/api/clock";
import { parts } from "../../src/features/event/countdown";

/** A server whose clock is ahead by `offset`, asked over a line of `trip` milliseconds each way. */
function ask(clock: ServerClock, own: number, offset: number, trip: number): number {
    const second = Math.floor((own + trip + offset) / 1000) * 1000;
    clock.learn(second, own, own + 2 * trip);
    return own + 2 * trip;
}

test("whole seconds, asked at the right moments, tell the time to about a round trip", () => {
    for (const offset of [0, 137, -4321, 86_400_555]) {
        const clock = new ServerClock();
        let own = 1_900_000_000_123;
        for (let round = 0; round < 6; round += 1) own = ask(clock, own, offset, 12) + clock.pauseUntilTelling(own);
        assert.ok(Math.abs(clock.offset - offset) <= clock.error, `${offset}: ${clock.offset} ± ${clock.error}`);
        assert.ok(clock.error < 60, `${clock.error}`);
    }
});

test("one answer tells the time to half a second", () => {
    const clock = new ServerClock();
    assert.equal(clock.now(5), 5);
    ask(clock, 1_000_400, 0, 10);
    assert.ok(Math.abs(clock.offset) <= 520 && clock.error <= 520);
});

test("a clock that was set meanwhile is learnt anew", () => {
    const clock = new ServerClock();
    ask(clock, 1_000_000, 0, 5);
    ask(clock, 2_000_000, 60_000, 5);
    assert.ok(Math.abs(clock.offset - 60_000) < 1000);
});

test("a countdown shows the second that has begun, and nothing below none", () => {
    assert.deepEqual(parts(90_061_000), { days: 1, hours: 1, minutes: 1, seconds: 1 });
    assert.deepEqual(parts(400), { days: 0, hours: 0, minutes: 0, seconds: 1 });
    assert.deepEqual(parts(-5), { days: 0, hours: 0, minutes: 0, seconds: 0 });
});
