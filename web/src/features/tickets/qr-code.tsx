import { useEffect, useState, type ReactElement } from "react";
import { call } from "../../api/client";
import { Skeleton } from "../../ui/feedback";

/** Shown as large as the layout wants it; it is drawn of lines, so any size is sharp. */
const PIXELS = 330;

/** A ticket's code for a scanner. It is fetched with the access token, which an `<img>` would not send. */
export function QRCode({ code, label }: { code: string; label: string }): ReactElement {
    const [address, setAddress] = useState<string | undefined>(undefined);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
        const abort = new AbortController();
        let made: string | undefined;
        call("ticketSVG", { path: { code }, query: { size: PIXELS }, signal: abort.signal })
            .then((image) => {
                if (abort.signal.aborted) return;
                made = URL.createObjectURL(image);
                setAddress(made);
            })
            .catch(() => {
                if (!abort.signal.aborted) setFailed(true);
            });
        return () => {
            abort.abort();
            if (made !== undefined) URL.revokeObjectURL(made);
        };
    }, [code]);
    // The code itself stands beside it, so a gate can still be passed.
    if (failed) return <div className="qr missing" />;
    if (address === undefined) return <div className="qr"><Skeleton lines={1} isCard /></div>;
    return <img className="qr" src={address} alt={label} width={PIXELS} height={PIXELS} />;
}

/** In groups of four and a half, as it is easier to read out and to type. */
export function spaced(code: string): string {
    return code.replace(/(.{5})(?=.)/g, "$1 ");
}
