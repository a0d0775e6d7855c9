import { Counter, Gauge, Histogram, Registry } from "prom-client";

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * How many counts prom-client gets at a time. One by one, between invokes, a count takes 1 to 2.5 µs: its code is no
 * longer in the CPU's caches. In a row it takes about 0.4 µs.
 */
const BATCH = 64;

export type Labels<Name extends string> = Readonly<Record<Name, string>>;

export type Definition<Name extends string> = {
  name: string;
  help: string;
  /** Only labels with a small closed set of values: each combination is kept for ever. */
  labels: readonly Name[];
};

export type Reading<Name extends string> = readonly [labels: Labels<Name>, value: number];

/** The metrics of one process, kept by prom-client. Its own types would accept a missing label. */
export type MetricsRegistry = {
  counter: <Name extends string>(
    definition: Definition<Name>,
  ) => { inc: (labels: Labels<Name>, by?: number) => void };
  /** `buckets`: upper bounds, ascending, without the infinite one. */
  histogram: <Name extends string>(
    definition: Definition<Name> & { buckets: readonly number[] },
  ) => ForgettableHistogram<Name>;
  /** A value that is looked up for each text. `type` is `counter` for one that only grows. */
  read: <Name extends string>(
    definition: Definition<Name> & { type: "gauge" | "counter" },
    look: () => readonly Reading<Name>[] | Promise<readonly Reading<Name>[]>,
  ) => void;
  /** All of them in Prometheus' text format. */
  text: () => Promise<string>;
};

export type ForgettableHistogram<Name extends string> = {
  observe: (labels: Labels<Name>, value: number) => void;
  /** Ends the series with these labels. */
  forget: (labels: Labels<Name>) => void;
};

export function createMetricsRegistry(): MetricsRegistry {
  const registry = new Registry();
  return {
    counter(definition) {
      const batch = createBatch<(typeof definition.labels)[number]>((labels, by) => metric.inc(labels, by));
      const metric = new Counter({ ...settingsOf(definition), registers: [registry], collect: batch.flush });
      return { inc: (labels, by = 1) => batch.add(labels, by) };
    },
    histogram(definition) {
      const batch = createBatch<(typeof definition.labels)[number]>((labels, value) =>
        metric.observe(labels, value),
      );
      const metric = new Histogram({
        ...settingsOf(definition),
        buckets: [...definition.buckets],
        registers: [registry],
        collect: batch.flush,
      });
      return {
        observe: (labels, value) => batch.add(labels, value),
        forget(labels) {
          batch.flush();
          metric.remove(labels);
        },
      };
    },
    read: (definition, look) => registry.registerMetric(readMetric(definition, look)),
    text: () => registry.metrics(),
  };
}

function readMetric<Name extends string>(
  definition: Definition<Name> & { type: "gauge" | "counter" },
  look: () => readonly Reading<Name>[] | Promise<readonly Reading<Name>[]>,
) {
  const settings = { ...settingsOf(definition), registers: [] };
  if (definition.type === "gauge")
    return new Gauge({
      ...settings,
      async collect() {
        const readings = await look();
        this.reset();
        for (const [labels, value] of readings) this.set(labels, value);
      },
    });
  return new Counter({
    ...settings,
    async collect() {
      const readings = await look();
      this.reset();
      for (const [labels, value] of readings) this.inc(labels, value);
    },
  });
}

/** Keeps counts until there are many of them, or until the text is asked for. */
function createBatch<Name extends string>(count: (labels: Labels<Name>, value: number) => void) {
  const kept: Reading<Name>[] = [];
  const flush = () => {
    for (const [labels, value] of kept.splice(0)) count(labels, value);
  };
  return {
    flush,
    add(labels: Labels<Name>, value: number) {
      kept.push([labels, value]);
      if (kept.length >= BATCH) flush();
    },
  };
}

function settingsOf<Name extends string>({ name, help, labels }: Definition<Name>) {
  return { name, help, labelNames: labels };
}
