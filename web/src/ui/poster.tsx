import type { ReactElement } from "react";

/** A mixture of 32 bits (MurmurHash3's finalizer over FNV-1a), so that ids that are alike give posters that are not. */
export function seedOf(text: string): number {
    let hash = 0x811c9dc5;
    for (let index = 0; index < text.length; index += 1) {
        hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
}

/** Pairs of ground and ink with one accent, like prints in three colours. */
const inks = [
    ["#0b4f43", "#f2c14e", "#e9efe6"], ["#1d2a4d", "#f28f6b", "#f3ead7"], ["#5a1f3d", "#f0a6a0", "#f6e7d8"],
    ["#203a2a", "#b8d96b", "#eef2df"], ["#3a2a5c", "#8fd3c8", "#efe9f7"], ["#7a2e1d", "#f5c99b", "#f8eee2"],
    ["#123c55", "#7fc7e3", "#f0ede1"], ["#2b2b2b", "#e2574c", "#ece8e1"],
] as const;

/**
 * A poster for an event without an image: a print in three colours that follows from the event's id, always the same
 * for the same event. Only shapes, no words: what it is of stands beside it.
 */
export function Poster({ seed, label }: { seed: string; label?: string }): ReactElement {
    const hash = seedOf(seed);
    const [ground, accent, paper] = inks[hash % inks.length] ?? inks[0];
    const turn = (hash >>> 8) % 4;
    const kind = (hash >>> 4) % 6;
    return (
        <svg
            className="poster" viewBox="0 0 320 200" preserveAspectRatio="xMidYMid slice" focusable="false"
            {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
        >
            <rect width="320" height="200" fill={ground} />
            <g transform={turn % 2 === 1 ? "translate(320 0) scale(-1 1)" : undefined}>
                {shapes(kind, hash, accent, paper)}
            </g>
        </svg>
    );
}

function shapes(kind: number, hash: number, accent: string, paper: string): ReactElement {
    const shift = (hash >>> 12) % 60;
    switch (kind) {
        case 0:
            // Sound, as rings.
            return (
                <g fill="none" strokeWidth="9">
                    {[34, 62, 90, 118, 146, 174].map((radius, index) => (
                        <circle
                            key={radius} cx={96 + shift} cy="128" r={radius} stroke={index % 3 === 1 ? accent : paper}
                            opacity={1 - index * 0.12}
                        />
                    ))}
                    <circle cx={96 + shift} cy="128" r="12" fill={accent} stroke="none" />
                </g>
            );
        case 1:
            // A moon over water.
            return (
                <g>
                    <circle cx={190 + shift} cy="78" r="52" fill={accent} />
                    {[118, 134, 150, 166, 182].map((y, index) => (
                        <rect
                            key={y} x={index * 14 - shift / 2} y={y} width={330} height={5 + index} fill={paper}
                            opacity={0.9 - index * 0.14}
                        />
                    ))}
                </g>
            );
        case 2:
            // Organ pipes, or a skyline.
            return (
                <g>
                    {Array.from({ length: 11 }, (_, index) => {
                        const height = 40 + ((hash >>> index) % 13) * 9;
                        return (
                            <rect
                                key={index} x={12 + index * 28} y={200 - height} width="18" height={height} rx="9"
                                fill={index % 4 === 2 ? accent : paper} opacity={index % 2 === 0 ? 1 : 0.72}
                            />
                        );
                    })}
                </g>
            );
        case 3:
            // Quarter discs, as tiles.
            return (
                <g>
                    {Array.from({ length: 15 }, (_, index) => {
                        const x = (index % 5) * 64;
                        const y = Math.floor(index / 5) * 67;
                        const corner = (hash >>> index) % 4;
                        const path = [
                            `M${x} ${y}h64a64 67 0 0 1-64 67z`, `M${x + 64} ${y}v67a64 67 0 0 1-64-67z`,
                            `M${x + 64} ${y + 67}h-64a64 67 0 0 1 64-67z`, `M${x} ${y + 67}v-67a64 67 0 0 1 64 67z`,
                        ][corner];
                        return (
                            <path
                                key={index} d={path} fill={(hash >>> (index + 3)) % 3 === 0 ? accent : paper}
                                opacity={(hash >>> index) % 5 === 0 ? 0.35 : 0.95}
                            />
                        );
                    })}
                </g>
            );
        case 4:
            // Rays from the stage.
            return (
                <g>
                    {Array.from({ length: 9 }, (_, index) => (
                        <path
                            key={index} d={`M${150 + shift / 3} 214 ${index * 44 - 40} -10h22z`}
                            fill={index % 3 === 1 ? accent : paper} opacity={0.25 + ((hash >>> index) % 4) * 0.22}
                        />
                    ))}
                    <circle cx={150 + shift / 3} cy="200" r="34" fill={accent} />
                </g>
            );
        default:
            // Waves.
            return (
                <g fill="none" strokeWidth="10" strokeLinecap="round">
                    {Array.from({ length: 8 }, (_, index) => {
                        const y = 16 + index * 26;
                        const bend = 14 + ((hash >>> index) % 5) * 5;
                        return (
                            <path
                                key={index}
                                d={`M-20 ${y}c40-${bend} 60-${bend} 90 0s60 ${bend} 90 0 60-${bend} 90 0 60 ${bend} 90 0 60-${bend} 90 0`}
                                stroke={index % 3 === (hash >>> 5) % 3 ? accent : paper} opacity={index % 2 === 0
                                    ? 0.95
                                    : 0.6}
                            />
                        );
                    })}
                </g>
            );
    }
}
