/** Of the text format, https://prometheus.io/docs/instrumenting/exposition_formats/. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels<Name extends string> = Readonly<Record<Name, string>>;

export type Definition<Name extends string> = {
  name: string;
  help: string;
  /** Every combination of values is kept for ever: only what has a small closed set of them. */
  labels: readonly Name[];
};

export type Counter<Name extends string> = { inc: (labels: Labels<Name>, by?: number) => void };

export type Histogram<Name extends string> = { observe: (labels: Labels<Name>, value: number) => void };

export type Reading<Name extends string> = readonly [labels: Labels<Name>, value: number];

/** The metrics of one process. Counting costs tens of nanoseconds, all else is done when the text is asked for. */
export type MetricsRegistry = {
  counter: <Name extends string>(definition: Definition<Name>) => Counter<Name>;
  /** `buckets`: upper bounds, ascending, without the infinite one. */
  histogram: <Name extends string>(
    definition: Definition<Name> & { buckets: readonly number[] },
  ) => Histogram<Name>;
  /** A value that is looked up whenever the text is asked for; `type` is a counter if it only ever grows. */
  read: <Name extends string>(
    definition: Definition<Name> & { type: "gauge" | "counter" },
    look: () => readonly Reading<Name>[],
  ) => void;
  /** All of them in Prometheus' text format 0.0.4. */
  text: () => string;
};

export function createMetricsRegistry(): MetricsRegistry {
  const families: (() => string)[] = [];
  const add = (type: string, { name, help }: Definition<string>, samples: () => string) => {
    const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    families.push(() => head + samples());
  };

  return {
    counter(definition) {
      const { name, labels } = definition;
      const series = createSeries(labels, () => ({ total: 0 }));
      add("counter", definition, () => series.lines((text, { total }) => sample(name, text, total)));
      return {
        inc(values, by = 1) {
          series.of(values).total += by;
        },
      };
    },

    histogram(definition) {
      const { name, labels, buckets } = definition;
      const bounds = [...buckets, Infinity];
      const series = createSeries(labels, () => ({ counts: bounds.map(() => 0), sum: 0 }));
      add("histogram", definition, () =>
        series.lines((text, { counts, sum }) => {
          let count = 0;
          const lines = bounds.map((bound, index) => {
            count += counts[index] ?? 0;
            return sample(`${name}_bucket`, withBound(text, bound), count);
          });
          return `${lines.join("")}${sample(`${name}_sum`, text, sum)}${sample(`${name}_count`, text, count)}`;
        }),
      );
      return {
        observe(values, value) {
          const state = series.of(values);
          let index = 0;
          while (value > (bounds[index] ?? Infinity)) index += 1;
          state.counts[index] = (state.counts[index] ?? 0) + 1;
          state.sum += value;
        },
      };
    },

    read(definition, look) {
      const { name, labels, type } = definition;
      add(type, definition, () =>
        look()
          .map(([values, value]) => sample(name, labelText(labels, values), value))
          .join(""),
      );
    },

    text: () => families.map((family) => family()).join(""),
  };
}

type Series<Name extends string, State> = {
  of: (values: Labels<Name>) => State;
  lines: (write: (text: string, state: State) => string) => string;
};

/** One label's values, each leading to those of the next label; the last has the state. */
type Branch<State> = { next: Map<string, Branch<State>>; state: State | undefined };

/** A state for each combination of label values. One without labels is there from the start. */
function createSeries<Name extends string, State>(
  names: readonly Name[],
  make: () => State,
): Series<Name, State> {
  const root: Branch<State> = { next: new Map(), state: undefined };
  const all: { text: string; state: State }[] = [];
  const begin = (text: string) => {
    const state = make();
    all.push({ text, state });
    return state;
  };
  if (names.length === 0) root.state = begin("");
  return {
    // By a look-up for each label: to put the values together as one key costs ten times as much.
    of(values) {
      let branch = root;
      for (const name of names) {
        let next = branch.next.get(values[name]);
        if (next === undefined) branch.next.set(values[name], (next = { next: new Map(), state: undefined }));
        branch = next;
      }
      return (branch.state ??= begin(labelText(names, values)));
    },
    lines: (write) => all.map(({ text, state }) => write(text, state)).join(""),
  };
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${value}\n`;
}

function withBound(labels: string, bound: number): string {
  return `${labels === "" ? "" : `${labels},`}le="${bound === Infinity ? "+Inf" : bound}"`;
}

function labelText<Name extends string>(names: readonly Name[], values: Labels<Name>): string {
  return names.map((name) => `${name}="${escapeLabel(values[name])}"`).join(",");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
