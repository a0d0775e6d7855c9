import type { SdkOptions, Tracing } from "./sdk.ts";
import { isTraced } from "./settings.ts";

/** Spans of what the runner does, if the environment asks for them; else nothing of it is loaded. */
export async function openTracing(options: SdkOptions): Promise<Tracing | undefined> {
  const { environment, log } = options;
  if (!isTraced(environment, (message) => log.warn(message))) return undefined;
  const { startSdk } = await import("./sdk.ts");
  return startSdk(options);
}
