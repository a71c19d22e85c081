import type { ReactElement } from "react";
import { useWords } from "../../i18n";

/** What is left of a time in the units of a clock. */
export function parts(milliseconds: number): { days: number; hours: number; minutes: number; seconds: number } {
    // At 0.4 s to go there is still a second to wait, not none.
    const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
    return {
        days: Math.floor(seconds / 86_400), hours: Math.floor(seconds / 3600) % 24, minutes: Math.floor(seconds / 60) % 60,
        seconds: seconds % 60,
    };
}

/**
 * To a moment, by the server's clock. Its figures are silent; what is read out is when, and that the sale has opened.
 */
export function Countdown({ at, now }: { at: number; now: number }): ReactElement {
    const { t, dateTime } = useWords();
    const left = parts(at - now);
    const units = (["days", "hours", "minutes", "seconds"] as const).filter((unit) => unit !== "days" || left.days > 0);
    return (
        <div className="countdown" role="timer" aria-label={t("countdown.spoken", { when: dateTime(at) })}>
            <p className="countdown-title" aria-hidden="true">{t("countdown.title")}</p>
            <div className="figures" aria-hidden="true">
                {units.map((unit) => (
                    <span key={unit} className="figure">
                        <strong>{String(left[unit]).padStart(unit === "days" ? 1 : 2, "0")}</strong>
                        <span>{t(`countdown.${unit}`, { count: left[unit] })}</span>
                    </span>
                ))}
            </div>
            <p className="countdown-when">{dateTime(at)}</p>
        </div>
    );
}
