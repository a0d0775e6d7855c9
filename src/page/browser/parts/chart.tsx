import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import { theme } from "../lib/theme.ts";

const HEIGHT = 150;

/** So few minutes with a call may have no line between them, and are dots. */
const FEW_POINTS = 15;

const POWERS_OF_TWO = Array.from({ length: 50 }, (_, exponent) => 2 ** exponent);

export type ChartLine = {
  label: string;
  color: string;
  values: readonly (number | null)[];
  isFilled?: boolean;
};

type Props = {
  title: string;
  /** Begin of each minute, ISO 8601. */
  times: readonly string[];
  lines: readonly ChartLine[];
  format: (value: number) => string;
  /** The scale reaches this at least. */
  least: number;
  /** Whether its steps are powers of two. */
  isBinary?: boolean;
};

/** Figures of the last hour by minutes. Colors are names of custom properties of the style sheet. */
export function Chart(props: Props) {
  const { title, times, lines, format } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = dataOf(times, lines);
  const scheme = theme.value;

  useEffect(() => {
    if (box.current === null) return undefined;
    const made = new uPlot(optionsOf(box.current, props), data, box.current);
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) made.setSize({ width: Math.floor(entry.contentRect.width), height: HEIGHT });
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      made.destroy();
    };
    // The lines' values come below; their names and colors stay.
  }, [scheme]);

  useEffect(() => plot.current?.setData(data), [JSON.stringify(data)]);

  return (
    <figure class="chart">
      <figcaption>
        {title}
        <span class="legend">
          {lines.map(({ label, color }) => (
            <span key={label} class={`legend-${color}`}>
              {label}
            </span>
          ))}
        </span>
      </figcaption>
      <div
        class="chart-box"
        ref={box}
        role="img"
        aria-label={`${title}, last hour: ${spoken(lines, format)}`}
      />
    </figure>
  );
}

function dataOf(times: readonly string[], lines: readonly ChartLine[]): uPlot.AlignedData {
  return [times.map((time) => Date.parse(time) / 1_000), ...lines.map(({ values }) => [...values])];
}

function optionsOf(box: HTMLElement, { lines, format, least, isBinary = false }: Props): uPlot.Options {
  const color = (name: string) => colorOf(box, name);
  const axis = { stroke: color("muted"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false } };
  const font = "11px system-ui, sans-serif";
  return {
    width: Math.max(100, Math.floor(box.clientWidth)),
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    legend: { show: false },
    scales: { y: { range: (_, _low, high) => [0, Math.max(high * 1.1, least)] } },
    axes: [
      { ...axis, font, size: 26, space: 70, values: (_, splits) => splits.map(hourAndMinute) },
      {
        ...axis,
        font,
        size: 62,
        space: 32,
        values: (_, splits) => splits.map((value) => format(value)),
        ...(isBinary && { incrs: POWERS_OF_TWO }),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name, isFilled }) => ({
        label,
        stroke: color(name),
        width: 1.5,
        spanGaps: false,
        points: { show: hasFew, size: 4, fill: color(name), stroke: color(name) },
        ...(isFilled === true && { fill: color(`${name}-area`) }),
      })),
    ],
  };
}

function hasFew(plot: uPlot, series: number): boolean {
  return (plot.data[series] ?? []).filter((value) => value !== null).length < FEW_POINTS;
}

/** What a custom property comes to in the theme that holds: its own text still has both. */
function colorOf(box: HTMLElement, name: string): string {
  box.style.color = `var(--${name})`;
  const { color } = getComputedStyle(box);
  box.style.color = "";
  return color;
}

function hourAndMinute(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
}

/** The newest value of each line, for those who do not see it. */
function spoken(lines: readonly ChartLine[], format: (value: number) => string): string {
  return lines
    .map(({ label, values }) => {
      const last = values.findLast((value) => value !== null);
      return `${label} ${last === undefined || last === null ? "none" : format(last)}`;
    })
    .join(", ");
}
