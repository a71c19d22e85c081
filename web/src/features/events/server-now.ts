import { useEffect, useState } from "react";
import { serverClock } from "../../api/client";

/**
 * The server's time, anew at each of its seconds.
 *
 * @param at A moment at which it is told as well, to the millisecond.
 */
export function useServerNow(at?: number): number {
    const [now, setNow] = useState(() => serverClock.now());
    useEffect(() => {
        let timer: ReturnType<typeof setTimeout>;
        function tick(): void {
            const time = serverClock.now();
            setNow(time);
            let next = 1000 - (time % 1000);
            if (at !== undefined && at > time) next = Math.min(next, at - time);
            // A timer may be early by a millisecond, and would then tell of the second before.
            timer = setTimeout(tick, Math.max(next, 1) + 1);
        }
        tick();
        return () => clearTimeout(timer);
    }, [at]);
    return now;
}
