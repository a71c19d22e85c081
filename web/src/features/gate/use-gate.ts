import { useCallback, useEffect, useRef, useState } from "react";
import { backoff } from "../../api/backoff";
import { call } from "../../api/client";
import { pause } from "../../api/pause";
import { ApiError } from "../../api/problem";
import { randomKey, safeStorage } from "../event/intent";
import { codeOf, ScanQueue, type CheckedScan, type Scan } from "./queue";

/** What stands large on the gate's screen. */
export type Verdict =
    | { kind: "ready" }
    | { kind: "checking"; code: string }
    | { kind: "checked"; scan: CheckedScan }
    | { kind: "malformed" }
    | { kind: "queued"; scan: Scan }
    | { kind: "failed"; error: ApiError };

export interface GateControl {
    verdict: Verdict;
    history: readonly CheckedScan[];
    waiting: readonly Scan[];
    scan(text: string): void;
}

/** A scanner that holds a code in view, or a finger that presses twice, is one scan. */
const SAME_MS = 3000;
/** After so long without an answer the next in line is told that it is not checked. */
const PATIENCE_MS = 6000;
const HISTORY = 50;

const queue = new ScanQueue(safeStorage(), "onsale.gate.queue");

export function useGate(eventId: string, gate: string): GateControl {
    const [verdict, setVerdict] = useState<Verdict>({ kind: "ready" });
    const [history, setHistory] = useState<readonly CheckedScan[]>([]);
    const [waiting, setWaiting] = useState<readonly Scan[]>(queue.scans);
    const last = useRef({ code: "", at: 0 });
    const name = useRef(gate);
    name.current = gate;
    const wake = useRef<() => void>(() => undefined);

    const checked = useCallback((scan: CheckedScan) => setHistory((before) => [scan, ...before].slice(0, HISTORY)), []);

    const keep = useCallback((scan: Scan) => {
        queue.add(scan);
        setWaiting(queue.scans);
        setVerdict({ kind: "queued", scan });
        wake.current();
    }, []);

    const scan = useCallback((text: string) => {
        const code = codeOf(text);
        if (code === undefined) {
            setVerdict({ kind: "malformed" });
            return;
        }
        const at = Date.now();
        if (code === last.current.code && at - last.current.at < SAME_MS) return;
        last.current = { code, at };
        const made: Scan = { nonce: randomKey(), code, eventId, gate: name.current, at };
        if (!navigator.onLine) {
            keep(made);
            return;
        }
        setVerdict({ kind: "checking", code });
        const abort = new AbortController();
        const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
        redeem(made, abort.signal)
            .then((answer) => {
                const done = { ...made, answer, isLate: false };
                setVerdict({ kind: "checked", scan: done });
                checked(done);
            })
            .catch((failure: unknown) => {
                const error = ApiError.of(failure);
                // Whether it has come there or not: the same nonce is told the same.
                if (error.isPassing) keep(made);
                else setVerdict({ kind: "failed", error });
            })
            .finally(() => clearTimeout(timer));
    }, [eventId, keep, checked]);

    // Sends what waits, the oldest first, for as long as the page is open.
    useEffect(() => {
        const abort = new AbortController();
        let isAwake = false;
        wake.current = () => {
            if (!isAwake) void drain();
        };
        async function drain(): Promise<void> {
            isAwake = true;
            let failures = 0;
            while (!abort.signal.aborted) {
                const next = queue.scans[0];
                if (next === undefined) break;
                if (!navigator.onLine || failures > 0) await pause(backoff(failures), abort.signal);
                if (abort.signal.aborted) break;
                try {
                    const answer = await redeem(next, abort.signal);
                    failures = 0;
                    queue.remove(next.nonce);
                    setWaiting(queue.scans);
                    checked({ ...next, answer, isLate: true });
                } catch (failure) {
                    const error = ApiError.of(failure);
                    if (abort.signal.aborted) break;
                    if (!error.isPassing && error.status !== 401 && error.status !== 403) {
                        // It will never be taken: the scan of another time, or a code that is none.
                        queue.remove(next.nonce);
                        setWaiting(queue.scans);
                    }
                    failures += 1;
                }
            }
            isAwake = false;
        }
        wake.current();
        return () => abort.abort();
    }, [checked]);

    return { verdict, history, waiting, scan };
}

function redeem({ code, eventId, nonce, gate }: Scan, signal: AbortSignal): ReturnType<typeof call<"redeemTicket">> {
    return call("redeemTicket", { path: { code }, body: { eventId, nonce, ...(gate === "" ? {} : { gate }) }, signal });
}
