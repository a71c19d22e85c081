/** The first pause after a failure, and the longest. */
const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * How long to wait after a failure: twice as long each time, of which a random half is taken off, so that clients that
 * failed together do not come back together.
 *
 * @param attempt 0 for the first failure in a row.
 * @param atLeast What the server has asked for; jitter is added to it, never taken off.
 */
export function backoff(attempt: number, atLeast = 0, random: () => number = Math.random): number {
    const longest = Math.min(FIRST_MS * 2 ** Math.min(attempt, 16), LONGEST_MS);
    const own = longest * (0.5 + random() / 2);
    return own >= atLeast ? own : atLeast + random() * Math.min(atLeast / 4, 1000);
}
