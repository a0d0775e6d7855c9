/** Paths of a small chart, in a box of `width` by `height`. */
export type Box = { width: number; height: number };

/** The line from left to right; the highest value touches the top, and a chart of nothing lies at the bottom. */
export function linePath(
  values: readonly number[],
  { width, height }: Box,
  highest = Math.max(...values),
): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const y = (value: number) => (highest <= 0 ? height : height - (value / highest) * height);
  return values
    .map((value, index) => `${index === 0 ? "M" : "L"}${short(index * step)} ${short(y(value))}`)
    .join("");
}

/** The same, closed along the bottom. */
export function areaPath(values: readonly number[], box: Box, highest?: number): string {
  return `${linePath(values, box, highest)}L${box.width} ${box.height}L0 ${box.height}Z`;
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
