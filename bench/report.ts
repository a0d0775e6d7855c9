export type Bars = {
  /** The ratio must not be higher. */
  maxRatio?: number;
  /** The runner's own figure must not be higher. */
  max?: number;
};

/** One line of the table: the runner's figure, and that of the same work without it, in the same run. */
export type Row = {
  name: string;
  runner: number;
  beside: number;
  /** Unit of both figures. */
  unit: "ms" | "µs" | "/s";
  bars?: Bars;
};

export const TABLE_HEAD = "| | runner | beside it | ratio | bar |\n|---|--:|--:|--:|---|";

export function rowText({ name, runner, beside, unit, bars = {} }: Row): string {
  const ratio = runner / beside;
  const verdicts = [
    ...(bars.maxRatio === undefined ? [] : [`ratio ≤ ${bars.maxRatio}: ${verdict(ratio <= bars.maxRatio)}`]),
    ...(bars.max === undefined ? [] : [`≤ ${bars.max} ${unit}: ${verdict(runner <= bars.max)}`]),
  ];
  const cells = [name, figure(runner, unit), figure(beside, unit), ratio.toFixed(2), verdicts.join(", ")];
  return `| ${cells.join(" | ")} |`;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function figure(value: number, unit: Row["unit"]): string {
  const digits = unit === "ms" && value < 10 ? 2 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}

function verdict(holds: boolean): string {
  return holds ? "yes" : "no";
}
