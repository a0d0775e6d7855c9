import { type Metrics, timed } from "../metrics/metrics.ts";
import type { Engine } from "./types.ts";

type Method = (...args: unknown[]) => unknown;

/* oxlint-disable typescript/no-unsafe-type-assertion -- every method of the engine, each by its own name */

/** The same engine, which measures its operations. Streams are left out: they last as long as someone listens. */
export function measuredEngine<E extends Engine>(engine: E, { docker }: Metrics): E {
  const { can: _can, ...callable } = engine;
  const methods = Object.entries(callable as unknown as Record<string, Method>);
  const measured = methods.map(([operation, method]) => [
    operation,
    (...args: unknown[]) => {
      const answer = method(...args);
      if (!(answer instanceof Promise)) return answer;
      return timed(
        () => answer,
        (result, seconds) => docker.observe({ operation, result }, seconds),
      );
    },
  ]);
  return { ...engine, ...Object.fromEntries(measured) } as E;
}
