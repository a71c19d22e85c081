import { useEffect, useId, useRef, useState, type PointerEvent, type ReactElement } from "react";
import { useWords } from "../i18n";
import { thinned, ticks } from "./scale";

export interface Series<Point> {
    label: string;
    value: (point: Point) => number | undefined;
    /** Filled down to the axis. */
    isArea?: boolean;
}

const HEIGHT = 190;
const LEFT = 46;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 24;
const DRAWN = 240;
const LISTED = 12;

/**
 * Lines over time, drawn by hand in SVG: no chart library is among Debian's packages for Node that is small enough for
 * this. Lines differ in colour and in dashes, the legend has the newest values, and all of it is also there as a table.
 */
export function LineChart<Point extends { at: number }>({ title, hint, points, series, format }: {
    title: string; hint?: string; points: readonly Point[]; series: ReadonlyArray<Series<Point>>;
    format: (value: number) => string;
}): ReactElement {
    const { t, clock } = useWords();
    const id = useId();
    const frame = useRef<HTMLDivElement>(null);
    const [width, setWidth] = useState(560);
    const [pointed, setPointed] = useState<number | undefined>(undefined);
    useEffect(() => {
        if (frame.current === null) return undefined;
        const observer = new ResizeObserver(([entry]) => {
            if (entry !== undefined) setWidth(Math.max(240, Math.round(entry.contentRect.width)));
        });
        observer.observe(frame.current);
        return () => observer.disconnect();
    }, []);

    const shown = thinned(points, DRAWN);
    const first = shown[0]?.at ?? 0;
    const last = Math.max(shown[shown.length - 1]?.at ?? 1, first + 30_000);
    const largest = Math.max(0, ...shown.flatMap((point) => series.map(({ value }) => value(point) ?? 0)));
    const marks = ticks(largest);
    const top = marks[marks.length - 1] ?? 1;
    const x = (at: number): number => LEFT + ((at - first) / (last - first)) * (width - LEFT - RIGHT);
    const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
    const newest = shown[shown.length - 1];
    const read = pointed === undefined ? newest : nearest(shown, pointed);

    function point(event: PointerEvent<SVGSVGElement>): void {
        const box = event.currentTarget.getBoundingClientRect();
        setPointed(first + ((event.clientX - box.left - LEFT) / Math.max(1, width - LEFT - RIGHT)) * (last - first));
    }

    return (
        <figure className="chart" aria-labelledby={`${id}-title`}>
            <figcaption>
                <h2 id={`${id}-title`}>{title}</h2>
                {hint !== undefined && <p className="hint">{hint}</p>}
                <ul className="legend">
                    {series.map(({ label, value }, index) => {
                        const now = read === undefined ? undefined : value(read);
                        return (
                            <li key={label} className={`series-${index + 1}`}>
                                <span>{label}</span>
                                <strong>{now === undefined ? "–" : format(now)}</strong>
                            </li>
                        );
                    })}
                </ul>
            </figcaption>
            <div ref={frame}>
                <svg
                    width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true"
                    focusable="false" onPointerMove={point} onPointerLeave={() => setPointed(undefined)}
                >
                    {marks.map((mark) => (
                        <g key={mark}>
                            <line className="grid" x1={LEFT} x2={width - RIGHT} y1={y(mark)} y2={y(mark)} />
                            <text className="axis" x={LEFT - 8} y={y(mark) + 4} textAnchor="end">{format(mark)}</text>
                        </g>
                    ))}
                    {shown.length > 0 && <text className="axis" x={LEFT} y={HEIGHT - 6}>{clock(first)}</text>}
                    {newest !== undefined && shown.length > 1 && x(newest.at) > LEFT + 130 && (
                        <text className="axis" x={x(newest.at)} y={HEIGHT - 6} textAnchor="end">
                            {clock(newest.at)}
                        </text>
                    )}
                    {series.map(({ label, value, isArea }, index) => {
                        const spots = shown.flatMap((each) => {
                            const height = value(each);
                            return height === undefined ? [] : [[x(each.at), y(height)] as const];
                        });
                        const path = spots.map(([left, height], at) =>
                            `${at === 0 ? "M" : "L"}${left.toFixed(1)} ${height.toFixed(1)}`).join("");
                        const start = spots[0];
                        const end = spots[spots.length - 1];
                        return (
                            <g key={label} className={`series-${index + 1}`}>
                                {isArea === true && start !== undefined && end !== undefined && (
                                    <path className="area" d={`${path}L${end[0]} ${y(0)}L${start[0]} ${y(0)}z`} />
                                )}
                                <path className="line" d={path} />
                                {end !== undefined && <circle className="end" cx={end[0]} cy={end[1]} r="3.5" />}
                            </g>
                        );
                    })}
                    {read !== undefined && pointed !== undefined && (
                        <line className="cross" x1={x(read.at)} x2={x(read.at)} y1={TOP} y2={HEIGHT - BOTTOM} />
                    )}
                </svg>
            </div>
            <details className="chart-table">
                <summary>{t("dash.table")}</summary>
                <div className="table-frame" tabIndex={0} role="region" aria-labelledby={`${id}-title`}>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{t("dash.time")}</th>
                                {series.map(({ label }) => <th key={label} scope="col">{label}</th>)}
                            </tr>
                        </thead>
                        <tbody>
                            {thinned(points, LISTED).map((each) => (
                                <tr key={each.at}>
                                    <th scope="row">{clock(each.at)}</th>
                                    {series.map(({ label, value }) => {
                                        const now = value(each);
                                        return <td key={label}>{now === undefined ? "–" : format(now)}</td>;
                                    })}
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            </details>
        </figure>
    );
}

function nearest<Point extends { at: number }>(points: readonly Point[], at: number): Point | undefined {
    let best = points[0];
    for (const each of points) {
        if (best === undefined || Math.abs(each.at - at) < Math.abs(best.at - at)) best = each;
    }
    return best;
}

/** Shares of a whole, largest first, as bars with their numbers. */
export function BarList({ items, format, empty }: {
    items: ReadonlyArray<{ label: string; value: number }>; format: (value: number) => string; empty: string;
}): ReactElement {
    if (items.length === 0) return <p className="hint">{empty}</p>;
    const largest = Math.max(...items.map(({ value }) => value));
    return (
        <ul className="bars">
            {[...items].sort((one, other) => other.value - one.value).map(({ label, value }) => (
                <li key={label}>
                    <span className="bar-label">{label}</span>
                    <svg
                        className="bar-track" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"
                        focusable="false"
                    >
                        <rect className="bar-ground" width="100" height="8" />
                        <rect className="bar-fill" width={largest > 0 ? (value / largest) * 100 : 0} height="8" />
                    </svg>
                    <strong>{format(value)}</strong>
                </li>
            ))}
        </ul>
    );
}
