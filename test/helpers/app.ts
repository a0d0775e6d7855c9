import { createMetrics } from "../../src/metrics/metrics.ts";
import type { ServerContext } from "../../src/server/context.ts";
import { createApp } from "../../src/server/app.ts";

type Parts = { [Part in keyof ServerContext]?: Partial<ServerContext[Part]> };

/** The application with nothing behind it but `parts`: for what it says by itself. */
export function createBareApp(parts: Parts = {}): ReturnType<typeof createApp> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only a handler that does something reads it
  return createApp({ metrics: createMetrics(), ...parts } as ServerContext);
}
