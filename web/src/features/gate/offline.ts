/**
 * Has the browser keep what this page is made of, for when it is opened without a network. Only at the gate: on the night
 * of an on-sale nobody else should load what they do not look at.
 *
 * Where that cannot be (by plain http from another machine, or in a browser that is set to keep nothing) the page works
 * as long as it stays open.
 */
export function keepAtHand(): void {
    if (!("serviceWorker" in navigator)) return;
    navigator.serviceWorker.register("/gate-worker.js", { scope: "/gate" }).catch(() => undefined);
}
