import type { ReactElement } from "react";

/** Drawn for this app on a grid of 24, strokes of 1.75. */
const paths = {
    search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20.5 20.5 16 16",
    calendar: "M5 6h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM4 10.5h16M8.5 3.5V8M15.5 3.5V8",
    pin: "M12 21s-6.5-6.2-6.5-11.3a6.5 6.5 0 0 1 13 0C18.5 14.8 12 21 12 21zM12 12.2a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8z",
    ticket: "M4 7h16v3.3a1.9 1.9 0 0 0 0 3.7V17H4v-3a1.9 1.9 0 0 0 0-3.7zM14.5 7v1.5M14.5 11v2M14.5 15.5V17",
    user: "M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.7-3.6 3.7-5.5 7.5-5.5s6.8 1.9 7.5 5.5",
    chart: "M4 20h16M6.5 16.5v-4M11 16.5V6M15.5 16.5v-7M20 16.5v-3",
    gate: "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M4 12h16",
    plus: "M12 5v14M5 12h14",
    minus: "M5 12h14",
    check: "m5 12.5 4.5 4.5L19 7.5",
    cross: "M6 6l12 12M18 6 6 18",
    clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5.2l3.3 2",
    arrow: "M5 12h14M13 6l6 6-6 6",
    back: "M19 12H5M11 6l-6 6 6 6",
    print: "M7 9V4h10v5M7 17H5a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-2M7.5 14h9v6h-9z",
    mail: "M4 6h16v12H4zM4.5 7l7.5 6 7.5-6",
    send: "M20.5 3.5 10 14M20.5 3.5 14 20.5l-4-6.5-6.5-4z",
    warning: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2",
    camera: "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
    download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
    image: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15.5 10a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4z",
    sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
    moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
    globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3.2 12h17.6M12 3c2.6 2.5 3.8 5.5 3.8 9s-1.2 6.5-3.8 9c-2.6-2.5-3.8-5.5-3.8-9S9.4 5.5 12 3z",
    eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
    pause: "M9 6v12M15 6v12",
    play: "M8 5.5v13l10.5-6.5z",
    stop: "M7 7h10v10H7z",
    edit: "M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4",
    list: "M8.5 6.5H20M8.5 12H20M8.5 17.5H20M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01",
    undo: "M4.5 9h10a5 5 0 0 1 0 10H8M8.5 4.5 4 9l4.5 4.5",
    wifiOff: "M3 3l18 18M9 16a4.3 4.3 0 0 1 6 0M5.5 12.5a9 9 0 0 1 4.7-2.4M2.5 9a14 14 0 0 1 4.3-2.8M12.5 6a14 14 0 0 1 9 3M14.5 10.3a9 9 0 0 1 4 2.2M12 19.5h.01",
} as const;

export type IconName = keyof typeof paths;

/** Beside a text it says nothing more, so it is hidden from readers; with a `label` it is an image of its own. */
export function Icon({ name, label, size = 20 }: { name: IconName; label?: string; size?: number }): ReactElement {
    return (
        <svg
            className="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
            strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round" focusable="false"
            {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
        >
            <path d={paths[name]} />
        </svg>
    );
}
