import type { ReactElement } from "react";
import { useWords } from "../../i18n";
import { Badge, type Tone } from "../../ui/feedback";
import type { Band } from "./band";

const tones: Record<Band["kind"], Tone> = {
    plenty: "good", few: "warning", soldOut: "neutral", opens: "accent", soon: "neutral", paused: "warning",
    closed: "neutral", cancelled: "bad", past: "neutral",
};

export function BandBadge({ band }: { band: Band }): ReactElement {
    const { t, short } = useWords();
    return (
        <Badge tone={tones[band.kind]}>
            {band.kind === "few" ? t("band.few", { count: band.count })
                : band.kind === "opens" ? t("band.opens", { when: short(band.at) })
                : t(`band.${band.kind}`)}
        </Badge>
    );
}
