/**
 * Waits.
 *
 * @param canWake Whether no longer than until the network is back or the page is looked at again, when it is worth
 *     another try. Not where the server has asked for the time.
 */
export function pause(ms: number, signal: AbortSignal, canWake = true): Promise<void> {
    return new Promise((resolve) => {
        function wake(): void {
            if (document.visibilityState === "visible") done();
        }
        function done(): void {
            clearTimeout(timer);
            window.removeEventListener("online", done);
            document.removeEventListener("visibilitychange", wake);
            signal.removeEventListener("abort", done);
            resolve();
        }
        const timer = setTimeout(done, ms);
        if (canWake) {
            window.addEventListener("online", done);
            document.addEventListener("visibilitychange", wake);
        }
        signal.addEventListener("abort", done);
        if (signal.aborted) done();
    });
}
