/**
 * Opens the gate's page without a network, so that a reload loses neither the gate nor the scans that wait there.
 *
 * It is asked by pages under `/gate` alone. The page itself comes from the server as long as that answers; files of the
 * app, whose names change with their content, come from here. Nothing that the API says is kept.
 */
declare const self: ServiceWorkerGlobalScope;
/** The files that the page is made of; `build.mjs` knows them. */
declare const __FILES__: readonly string[];
/** Changes with the page and its files. */
declare const __VERSION__: string;

const PAGE = "/";
const KEPT = `onsale.gate.${__VERSION__}`;
/** A server that is silent for so long is as good as none. */
const PATIENCE_MS = 3000;

self.addEventListener("install", (event) => {
    event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
    event.waitUntil(dropOthers());
});

self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== "GET" || origin !== self.location.origin) return;
    if (request.mode === "navigate") event.respondWith(page(request));
    else if (pathname.startsWith("/assets/")) event.respondWith(file(request));
});

async function keep(): Promise<void> {
    const cache = await caches.open(KEPT);
    await cache.addAll([PAGE, ...__FILES__]);
    await self.skipWaiting();
}

async function dropOthers(): Promise<void> {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
    await self.clients.claim();
}

async function page(request: Request): Promise<Response> {
    const kept = await caches.match(PAGE);
    if (kept === undefined) return fetch(request);
    const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), PATIENCE_MS));
    return Promise.race([fetch(request).then((answer) => (answer.ok ? answer : kept)).catch(() => kept), late]);
}

async function file(request: Request): Promise<Response> {
    return (await caches.match(request)) ?? fetch(request);
}

// A module, so that its names are its own.
export {};
