import { createMetrics } from "../../src/metrics/metrics.ts";
import type { ServerContext } from "../../src/server/context.ts";
import { createApp } from "../../src/server/app.ts";

/** The application with nothing behind it: for what it says of itself, not for what it does. */
export function createBareApp(): ReturnType<typeof createApp> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only a handler that does something reads it
  return createApp({ metrics: createMetrics() } as ServerContext);
}
