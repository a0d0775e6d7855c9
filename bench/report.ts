export type Bars = {
  /** The ratio must not be higher. */
  maxRatio?: number;
  /** The ratio must not be lower. */
  minRatio?: number;
  /** The runner's own figure must not be higher. */
  max?: number;
  /** Nor may it be so much higher than the one beside it. */
  maxOver?: number;
};

/** One line of the table: the runner's figure, and that of the same work without it, in the same run. */
export type Row = {
  name: string;
  runner: number;
  /** Undefined where nothing does the same work. */
  beside?: number;
  /** Unit of both figures. */
  unit: "ms" | "µs" | "/s" | "MiB" | "KiB" | "";
  bars?: Bars;
};

export const TABLE_HEAD = "| | runner | beside it | ratio | bar |\n|---|--:|--:|--:|---|";

export function rowText({ name, runner, beside, unit, bars = {} }: Row): string {
  const ratio = beside === undefined ? Number.NaN : runner / beside;
  const verdicts = [
    ...(bars.maxRatio === undefined ? [] : [`ratio ≤ ${bars.maxRatio}: ${verdict(ratio <= bars.maxRatio)}`]),
    ...(bars.minRatio === undefined ? [] : [`ratio ≥ ${bars.minRatio}: ${verdict(ratio >= bars.minRatio)}`]),
    ...(bars.maxOver === undefined || beside === undefined
      ? []
      : [`≤ ${bars.maxOver} ${unit} over: ${verdict(runner - beside <= bars.maxOver)}`]),
    ...(bars.max === undefined ? [] : [`≤ ${bars.max} ${unit}: ${verdict(runner <= bars.max)}`]),
  ];
  const besideCells = beside === undefined ? ["", ""] : [figure(beside, unit), ratio.toFixed(2)];
  return `| ${[name, figure(runner, unit), ...besideCells, verdicts.join(", ")].join(" | ")} |`;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Units whose figures below ten are told finely. */
const FINE: ReadonlySet<Row["unit"]> = new Set(["ms", "MiB", "KiB"]);

function figure(value: number, unit: Row["unit"]): string {
  const digits = FINE.has(unit) && value < 10 ? 2 : 0;
  return `${value.toFixed(digits)} ${unit}`.trimEnd();
}

function verdict(holds: boolean): string {
  return holds ? "yes" : "no";
}
