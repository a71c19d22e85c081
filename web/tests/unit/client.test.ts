import assert from "node:assert/strict";
import test from "node:test";
import { request } from "../../src/api/client";

/** Answers with headers and half a body, and nothing more until it is aborted, as a connection that died does. */
function stall(_: unknown, init: RequestInit | undefined): Promise<Response> {
    const body = new ReadableStream<Uint8Array>({
        start(controller) {
            controller.enqueue(new TextEncoder().encode("{"));
            init?.signal?.addEventListener("abort", () => controller.error(new Error("aborted")));
        },
    });
    return Promise.resolve(new Response(body));
}

test("a body that does not end is given up in time, or when it is not wanted any more", async () => {
    const before = globalThis.fetch;
    globalThis.fetch = stall as typeof fetch;
    // Keeps the process until then; what is tested must not be what does.
    const limit = setTimeout(() => undefined, 20_000);
    try {
        await assert.rejects(request("GET", "/", { as: "none", limitMs: 20 }), { code: "no_answer", status: 0 });
        const abort = new AbortController();
        const asked = request("GET", "/", { as: "none", signal: abort.signal });
        setTimeout(() => abort.abort(), 20);
        await assert.rejects(asked, { code: "no_answer", status: 0 });
    } finally {
        clearTimeout(limit);
        globalThis.fetch = before;
    }
});
