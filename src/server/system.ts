import { Elysia } from "elysia";

import type { ServerContext } from "./context.ts";
import { METRICS_TYPE } from "../metrics/prometheus.ts";
import { healthDocs, metricsDocs } from "./openapi/system.ts";

/** What an operator asks of the runner itself. */
export function systemController(context: ServerContext) {
  return new Elysia({ name: "system" })
    .get("/health", () => health(context), { detail: healthDocs })
    .get(
      "/metrics",
      async () => new Response(await context.metrics.text(), { headers: { "content-type": METRICS_TYPE } }),
      { detail: metricsDocs },
    );
}

/** 503 with what is wrong when the engine, the disk or the network cannot be used. */
async function health(context: ServerContext): Promise<Response> {
  const { agentsRunning, checks } = await context.health();
  if (Object.keys(checks).length === 0) return Response.json({ status: "ok", agents_running: agentsRunning });
  return Response.json({ status: "degraded", agents_running: agentsRunning, checks }, { status: 503 });
}
