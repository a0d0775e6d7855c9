import type { Span } from "../tracing/span.ts";

/** A span for a wait that there may not be. Both may be called more than once. */
export type TracedWait = { begin(): void; end(): void };

export function tracedWait(parent: Span | undefined): TracedWait {
  let span: Span | undefined;
  return {
    begin() {
      span ??= parent?.child("queue", { attributes: { "oken.wait.reason": "build" } });
    },
    end: () => span?.end(),
  };
}
