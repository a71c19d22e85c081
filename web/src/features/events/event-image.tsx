import { useState, type ReactElement } from "react";
import type { Event } from "#openapi";
import { useWords } from "../../i18n";
import { Poster } from "../../ui/poster";

/** An event's image, or its poster where there is none or it does not come. */
export function EventImage({ event, isEager = false }: {
    event: Pick<Event, "id" | "title" | "imageUrl">; isEager?: boolean;
}): ReactElement {
    const { t } = useWords();
    const [failed, setFailed] = useState<string | undefined>(undefined);
    const label = t("event.poster", { title: event.title });
    if (event.imageUrl === undefined || failed === event.imageUrl) return <Poster seed={event.id} label={label} />;
    return (
        <img
            className="poster" src={event.imageUrl} alt={label} width="320" height="200"
            loading={isEager ? "eager" : "lazy"}
            decoding="async" onError={() => setFailed(event.imageUrl)}
        />
    );
}
