import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";

import { type Environment, type Warn, valueOf } from "./settings.ts";

type MakeSampler = (ratio: () => number) => Sampler;

const SAMPLERS: Readonly<Record<string, MakeSampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio()),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) =>
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio()) }),
};

/** By the specification: the caller's decision if there is one, else every trace. */
const DEFAULT_SAMPLER = "parentbased_always_on";

/** Decides which traces are recorded: that of `OTEL_TRACES_SAMPLER` and its `_ARG`. */
export function samplerOf(environment: Environment, warn: Warn): Sampler {
  const name = valueOf(environment, "OTEL_TRACES_SAMPLER") ?? DEFAULT_SAMPLER;
  const make = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  if (make !== undefined) return make(() => ratioOf(environment, warn));
  const allowed = Object.keys(SAMPLERS).join(", ");
  warn(`OTEL_TRACES_SAMPLER is ${JSON.stringify(name)}, but must be one of ${allowed}: it is ignored`);
  return new ParentBasedSampler({ root: new AlwaysOnSampler() });
}

function ratioOf(environment: Environment, warn: Warn): number {
  const name = "OTEL_TRACES_SAMPLER_ARG";
  const value = valueOf(environment, name);
  const ratio = Number(value ?? 1);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warn(`${name} is ${JSON.stringify(value)}, but must be a number from 0 to 1: every trace is recorded`);
  return 1;
}
