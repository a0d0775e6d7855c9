import { Elysia } from "elysia";

import type { ServerContext } from "./context.ts";
import { METRICS_TYPE } from "../metrics/prometheus.ts";
import { healthDocs, metricsDocs } from "./openapi/system.ts";

/** Health and metrics of the runner. */
export function systemController({ health, metrics }: Pick<ServerContext, "health" | "metrics">) {
  return new Elysia({ name: "system" })
    .get("/health", () => healthResponse(health), { detail: healthDocs })
    .get(
      "/metrics",
      async () => new Response(await metrics.text(), { headers: { "content-type": METRICS_TYPE } }),
      { detail: metricsDocs },
    );
}

/** 503 with what is wrong when the engine, the disk or the network cannot be used. */
async function healthResponse(health: ServerContext["health"]): Promise<Response> {
  const { agentsRunning, checks } = await health();
  if (Object.keys(checks).length === 0) return Response.json({ status: "ok", agents_running: agentsRunning });
  return Response.json({ status: "degraded", agents_running: agentsRunning, checks }, { status: 503 });
}
