import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { backoff } from "../../api/backoff";
import { call } from "../../api/client";
import { pause } from "../../api/pause";
import { ApiError } from "../../api/problem";
import { randomKey, safeStorage } from "../event/intent";
import { Checker, type Verdict } from "./checker";
import { codeOf, ScanQueue, type CheckedScan, type Scan } from "./queue";

export interface GateControl {
    verdict: Verdict;
    history: readonly CheckedScan[];
    waiting: readonly Scan[];
    scan(text: string): void;
}

/** A scanner that holds a code in view, or a finger that presses twice, is one scan. */
const SAME_MS = 3000;
const HISTORY = 50;

const queue = new ScanQueue(safeStorage(), "onsale.gate.queue");

export function useGate(eventId: string, gate: string): GateControl {
    const [verdict, setVerdict] = useState<Verdict>({ kind: "ready" });
    const [history, setHistory] = useState<readonly CheckedScan[]>([]);
    const [waiting, setWaiting] = useState<readonly Scan[]>(() => queue.scans);
    const last = useRef({ code: "", at: 0 });
    const name = useRef(gate);
    name.current = gate;
    const wake = useRef<() => void>(() => undefined);

    const checked = useCallback((scan: CheckedScan) => setHistory((before) => [scan, ...before].slice(0, HISTORY)), []);

    const checker = useMemo(() => new Checker({
        isOnline: () => navigator.onLine,
        redeem,
        keep(scan) {
            const isKept = queue.add(scan);
            setWaiting(queue.scans);
            wake.current();
            return isKept;
        },
        show: setVerdict,
        checked,
    }), [checked]);

    const scan = useCallback((text: string) => {
        const code = codeOf(text);
        if (code === undefined) {
            checker.malformed();
            return;
        }
        const at = Date.now();
        if (code === last.current.code && at - last.current.at < SAME_MS) return;
        last.current = { code, at };
        const made: Scan = { nonce: randomKey(), code, eventId, gate: name.current, at };
        void checker.check(made);
    }, [eventId, checker]);

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
            let asked: number | undefined;
            while (!abort.signal.aborted) {
                const next = queue.scans[0];
                if (next === undefined) break;
                if (!navigator.onLine || failures > 0) {
                    await pause(backoff(failures, asked), abort.signal, asked === undefined);
                }
                if (abort.signal.aborted) break;
                try {
                    const answer = await redeem(next, abort.signal);
                    failures = 0;
                    asked = undefined;
                    queue.remove(next.nonce);
                    setWaiting(queue.scans);
                    // Scans of another event's gate are sent from here too, and are none of this one's history.
                    if (next.eventId === eventId) checked({ ...next, answer, isLate: true });
                } catch (failure) {
                    const error = ApiError.of(failure);
                    if (abort.signal.aborted) break;
                    if (!error.isPassing && error.status !== 401 && error.status !== 403) {
                        // It will never be taken: the scan of another time, or a code that is none.
                        queue.remove(next.nonce);
                        setWaiting(queue.scans);
                    }
                    failures += 1;
                    asked = error.retryAfterMs;
                }
            }
            isAwake = false;
        }
        function changed(event: StorageEvent): void {
            if (event.key === queue.name) setWaiting(queue.scans);
        }
        wake.current();
        window.addEventListener("storage", changed);
        return () => {
            abort.abort();
            window.removeEventListener("storage", changed);
        };
    }, [eventId, checked]);

    return { verdict, history, waiting, scan };
}

function redeem({ code, eventId, nonce, gate }: Scan, signal: AbortSignal): ReturnType<typeof call<"redeemTicket">> {
    return call("redeemTicket", { path: { code }, body: { eventId, nonce, ...(gate === "" ? {} : { gate }) }, signal });
}
