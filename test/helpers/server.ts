import type { Agent } from "../../src/agents/agent.ts";
import { createPool } from "../../src/agents/calls/pool.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { serverSettings } from "../../src/config/derived.ts";
import { loadConfig } from "../../src/config/load.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createFront } from "../../src/proxy/front.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { createHttpClient } from "../../src/proxy/http1/client.ts";
import { openAccess } from "../../src/server/access/access.ts";
import { createApp } from "../../src/server/app.ts";
import type { ServerContext } from "../../src/server/context.ts";
import { listen } from "../../src/server/listening/listen.ts";
import type { Tracer } from "../../src/tracing/span.ts";
import { callersOf } from "./callers.ts";

/** The HTTP server with `agent` behind it and no engine; what needs one is not asked for here. */
export async function startServer(agent: Agent, env: Record<string, string> = {}, tracer?: Tracer) {
  const config = loadConfig({ OKEN_PORT: "0", ...env });
  const settings = serverSettings(config);
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const metrics = createMetrics();
  const pool = createPool({
    clock: systemClock,
    metrics,
    maxQueue: config.maxQueue,
    queueTimeoutMs: config.queueTimeout * 1000,
    wake: () => undefined,
  });
  const client = createHttpClient(systemClock);
  const agents = {
    find(id: string) {
      if (id === agent.id) return agent;
      throw new RunnerError("AGENT_NOT_FOUND", `There is no agent ${id}.`);
    },
    list: () => ({ agents: [] }),
    detail(id: string) {
      throw new RunnerError("AGENT_NOT_FOUND", `There is no agent ${id}.`);
    },
    whyEnded: async () => undefined,
    hasEnded: async () => false,
  };
  const access = await openAccess(settings.access, { clock: systemClock, log });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that an invoke asks for
  const context = {
    settings,
    access,
    log,
    metrics,
    tracer,
    clock: systemClock,
    pool,
    front: createFront(settings),
    callers: callersOf(env, [agent.id]),
    client,
    agents,
  } as unknown as ServerContext;
  const app = createApp(context);
  const listener = await listen(app, context);
  return {
    ...listener,
    /** Requests that are inside. */
    pendingRequests: () => app.server?.pendingRequests ?? 0,
    socketUrl: listener.url.replace("http", "ws"),
    /** The log so far. */
    lines,
    async [Symbol.asyncDispose]() {
      await listener.stop(0);
      client.close();
      access[Symbol.dispose]();
    },
  };
}
