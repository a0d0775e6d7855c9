import { browserSettings, serverSettings } from "../../src/config/derived.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createFront } from "../../src/proxy/front.ts";
import { type Callers, createCallers } from "../../src/server/callers/callers.ts";

/** The look at callers that a runner with these settings has. */
export function callersOf(env: Record<string, string> = {}, agentIds: string[] = []): Callers {
  const config = loadConfig(env);
  const settings = serverSettings(config);
  return createCallers({
    browsers: browserSettings(config),
    front: createFront(settings),
    agents: () => agentIds.map((id) => ({ id })),
  });
}
