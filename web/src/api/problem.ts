import type { Problem, ProblemCode } from "#openapi";

/** Codes of our own, for when there was no answer to read one from. */
export type ErrorCode = ProblemCode | "offline" | "no_answer" | "unexpected";

/** A request that did not come to what it was sent for. */
export class ApiError extends Error {
    override readonly name = "ApiError";

    constructor(
        readonly code: ErrorCode,
        /** 0 when there was no answer. */
        readonly status: number,
        message: string,
        /** What `Retry-After` said; undefined when there was none. */
        readonly retryAfterMs?: number,
        /** Messages by the field of the body that they are about. */
        readonly fields: Readonly<Record<string, string>> = {},
        readonly requestId?: string,
    ) {
        super(message);
    }

    /** Whether the same request may succeed later, and may be sent again without harm when it is idempotent. */
    get isPassing(): boolean {
        return this.status === 0 || this.status === 429 || this.status >= 500;
    }

    static of(error: unknown): ApiError {
        if (error instanceof ApiError) return error;
        const message = error instanceof Error ? error.message : String(error);
        const isOffline = typeof navigator !== "undefined" && navigator.onLine === false;
        return new ApiError(isOffline ? "offline" : "no_answer", 0, message);
    }

    static async from(response: Response): Promise<ApiError> {
        const retryAfterMs = parseRetryAfter(response.headers.get("Retry-After"));
        let problem: Partial<Problem> = {};
        try {
            problem = (await response.json()) as Partial<Problem>;
        } catch {
            // A proxy's answer, perhaps: its status is all there is to know.
        }
        const fields: Record<string, string> = {};
        for (const { field, message } of problem.errors ?? []) fields[field] ??= message;
        return new ApiError(
            problem.code ?? "unexpected", response.status, problem.detail ?? response.statusText, retryAfterMs, fields,
            problem.requestId,
        );
    }
}

/** Milliseconds of a `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. */
export function parseRetryAfter(text: string | null, now: number = Date.now()): number | undefined {
    if (text === null) return undefined;
    if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
    const date = Date.parse(text);
    return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
