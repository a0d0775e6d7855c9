import { Elysia } from "elysia";

import type { ServerContext } from "./context.ts";
import { healthDocs } from "./openapi/system.ts";

/** `GET /health`: 503 with what is wrong when the engine, the disk or the network cannot be used. */
export function systemController(context: ServerContext) {
  return new Elysia({ name: "system" }).get(
    "/health",
    async () => {
      const { agentsRunning, checks } = await context.health();
      if (Object.keys(checks).length === 0)
        return Response.json({ status: "ok", agents_running: agentsRunning });
      return Response.json({ status: "degraded", agents_running: agentsRunning, checks }, { status: 503 });
    },
    { detail: healthDocs },
  );
}
