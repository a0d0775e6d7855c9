import { type Span, traced } from "../../tracing/span.ts";
import type { DeployRun } from "./types.ts";

/** Does one part of a deploy, with a span of its own and a lap of the stopwatch. */
export async function stage<T>(
  { span, stopwatch }: Pick<DeployRun, "span" | "stopwatch">,
  name: "extract" | "detect" | "build" | "start",
  work: (own: Span | undefined) => Promise<T>,
): Promise<T> {
  const own = span?.child(name);
  const result = await traced(own, () => work(own));
  stopwatch.lap(name);
  return result;
}
