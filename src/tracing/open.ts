import type { SdkOptions, Tracing } from "./sdk.ts";
import { collectorOf } from "./settings.ts";

/** Spans of what the runner does, if the environment asks for them; else nothing of it is loaded. */
export async function openTracing(options: SdkOptions): Promise<Tracing | undefined> {
  const { environment, log } = options;
  const collector = collectorOf(environment, (message) => log.warn(message));
  if (collector === undefined) return undefined;
  const { startSdk } = await import("./sdk.ts");
  const tracing = startSdk(options);
  log.info({ collector }, "spans are sent to a collector");
  return tracing;
}
