import { useState, type ReactElement } from "react";
import type { Event, Sale } from "#openapi";
import { call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { useWords } from "../../i18n";
import { Button, Confirm } from "../../ui/controls";
import { Badge, errorText, say, type Tone } from "../../ui/feedback";

const tones: Record<Event["saleState"], Tone> = {
    scheduled: "accent", open: "good", paused: "warning", closed: "neutral",
};

/** Opens, pauses and closes a sale. */
export function SaleControl({ event, onChange }: { event: Event; onChange: (event: Event) => void }): ReactElement {
    const words = useWords();
    const { t } = words;
    const [busy, setBusy] = useState<Sale["state"] | undefined>(undefined);
    const [isAsking, setAsking] = useState(false);
    const state = event.saleState;

    async function set(next: Sale["state"]): Promise<void> {
        setBusy(next);
        setAsking(false);
        try {
            onChange(await call("setSale", { path: { id: event.id }, body: { state: next } }));
            say(t("sale.changed", { state: t(`sale.state.${next}`) }));
        } catch (failure) {
            say(errorText(ApiError.of(failure), words), "bad");
        }
        setBusy(undefined);
    }

    if (event.cancelledAt !== undefined) return <Badge tone="bad">{t("band.cancelled")}</Badge>;
    return (
        <div className="sale-control">
            <Badge tone={tones[state]}>{t(`sale.state.${state}`)}</Badge>
            <div className="actions">
                {state !== "open" && (
                    <Button look="primary" icon="play" isBusy={busy === "open"} onClick={() => void set("open")}>
                        {t(state === "paused" ? "sale.resume" : "sale.open")}
                    </Button>
                )}
                {state !== "paused" && state !== "closed" && (
                    <Button icon="pause" isBusy={busy === "paused"} onClick={() => void set("paused")}>
                        {t("sale.pause")}
                    </Button>
                )}
                {state !== "closed" && (
                    <Button icon="stop" isBusy={busy === "closed"} onClick={() => setAsking(true)}>
                        {t("sale.close")}
                    </Button>
                )}
            </div>
            {isAsking && (
                <Confirm
                    title={t("sale.close")} text={t("sale.close.ask")} confirm={t("sale.close")}
                    onConfirm={() => void set("closed")} onClose={() => setAsking(false)}
                />
            )}
        </div>
    );
}
