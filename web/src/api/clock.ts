/**
 * The server's time, learnt from the `Date` of its answers, which has whole seconds.
 *
 * An answer that says second `s` was written between `s` and `s + 1`, and between the moments when the request left and
 * the answer came, on our clock. So each answer bounds the difference of the clocks to an interval, and what lies in
 * all of them is narrower than any: answers at different parts of a second bring it down to about the time of a round
 * trip. When an interval meets none of the earlier ones, a clock was set; then only the new one counts.
 */
export class ServerClock {
    private low = -Infinity;
    private high = Infinity;

    /**
     * @param date The `Date` of the answer, in milliseconds since 1970: whole seconds.
     * @param sentAt When the request left, on the own clock.
     * @param receivedAt When the answer was there.
     */
    learn(date: number, sentAt: number, receivedAt: number): void {
        const low = date - receivedAt;
        const high = date + 1000 - sentAt;
        if (!(high >= low)) return;
        const narrower = [Math.max(this.low, low), Math.min(this.high, high)] as const;
        [this.low, this.high] = narrower[0] <= narrower[1] ? narrower : [low, high];
    }

    /** What to add to the own clock; 0 as long as nothing is known. */
    get offset(): number {
        return Number.isFinite(this.low) ? (this.low + this.high) / 2 : 0;
    }

    /** How far the offset may be wrong. */
    get error(): number {
        return (this.high - this.low) / 2;
    }

    now(own: number = Date.now()): number {
        return own + this.offset;
    }

    /**
     * How long to wait before the next question so that its answer halves the interval: it is to be written when, in
     * the middle of what is thought possible, the server's second changes.
     */
    pauseUntilTelling(own: number = Date.now()): number {
        const pause = 1000 - (((own + this.offset) % 1000) + 1000) % 1000;
        return pause < 20 ? pause + 1000 : pause;
    }
}
