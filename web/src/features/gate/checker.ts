import type { Redemption } from "#openapi";
import { ApiError } from "../../api/problem";
import type { CheckedScan, Scan } from "./queue";

/** What stands large on the gate's screen. */
export type Verdict =
    | { kind: "ready" }
    | { kind: "checking"; code: string }
    | { kind: "checked"; scan: CheckedScan }
    | { kind: "malformed" }
    | { kind: "queued"; scan: Scan }
    /** Neither checked nor kept: there is no room for more that wait. */
    | { kind: "full" }
    | { kind: "failed"; error: ApiError };

/** After so long without an answer the next in line is told that it is not checked. */
const PATIENCE_MS = 6000;

export interface CheckerTools {
    isOnline(): boolean;
    redeem(scan: Scan, signal: AbortSignal): Promise<Redemption>;
    /** Puts a scan where it waits for the network. @returns Whether there was room. */
    keep(scan: Scan): boolean;
    show(verdict: Verdict): void;
    checked(scan: CheckedScan): void;
    patienceMs?: number;
}

/**
 * Checks scans as they come. Only what is said of the newest stands on the screen: an answer that comes late must not let
 * in whoever stands there by then. It is in the history alone.
 */
export class Checker {
    private latest: string | undefined;

    constructor(private readonly tools: CheckerTools) {}

    malformed(): void {
        this.latest = undefined;
        this.tools.show({ kind: "malformed" });
    }

    async check(scan: Scan): Promise<void> {
        this.latest = scan.nonce;
        if (!this.tools.isOnline()) {
            this.keep(scan);
            return;
        }
        this.show(scan, { kind: "checking", code: scan.code });
        const abort = new AbortController();
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<never>((_, reject) => {
            timer = setTimeout(() => {
                reject(new ApiError("no_answer", 0, "no answer in time"));
                abort.abort();
            }, this.tools.patienceMs ?? PATIENCE_MS);
        });
        try {
            const answer = await Promise.race([this.tools.redeem(scan, abort.signal), late]);
            const done: CheckedScan = { ...scan, answer, isLate: false };
            this.show(scan, { kind: "checked", scan: done });
            this.tools.checked(done);
        } catch (failure) {
            const error = ApiError.of(failure);
            // Whether it has come there or not: the same nonce is told the same.
            if (error.isPassing) this.keep(scan);
            else this.show(scan, { kind: "failed", error });
        } finally {
            clearTimeout(timer);
        }
    }

    private keep(scan: Scan): void {
        this.show(scan, this.tools.keep(scan) ? { kind: "queued", scan } : { kind: "full" });
    }

    private show(scan: Scan, verdict: Verdict): void {
        if (scan.nonce === this.latest) this.tools.show(verdict);
    }
}
