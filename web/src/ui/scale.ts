/** Marks of an axis from 0 to a little above the largest value: 1, 2 or 5 times a power of ten apart. */
export function ticks(largest: number, wanted = 4): number[] {
    if (!(largest > 0)) return [0, 1];
    const rough = largest / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power;
    const marks: number[] = [];
    for (let index = 0; index <= Math.ceil(largest / step - 1e-9); index += 1) marks.push(
        Number((index * step).toPrecision(12)),
    );
    return marks;
}

/** At most so many of the points, the last always among them. */
export function thinned<Point>(points: readonly Point[], most: number): readonly Point[] {
    if (points.length <= most) return points;
    const step = Math.ceil(points.length / most);
    const shift = (points.length - 1) % step;
    return points.filter((_, index) => index % step === shift);
}
