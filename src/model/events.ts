import type { AgentState } from "./agent.ts";

/** How a deployment ended. */
export type DeploymentEnd = "succeeded" | "failed" | "cancelled";

/** What happens in the runner, as `GET /events` and webhooks tell it; `at` is ISO 8601 in UTC. */
export type RunnerEvent =
  | {
      type: "agent.state";
      agent_id: string;
      name: string;
      version: number;
      status: AgentState;
      /** The state before. */
      from: AgentState;
      reason: string;
      /** With `error`: no start is tried before. ISO 8601, UTC. */
      next_start_at?: string;
      at: string;
    }
  | { type: "agent.removed"; agent_id: string; at: string }
  | { type: "deployment.started"; agent_id: string; deployment: number; at: string }
  | {
      type: "deployment.finished";
      agent_id: string;
      deployment: number;
      state: DeploymentEnd;
      /** The version that serves now; null unless it succeeded. */
      version: number | null;
      error: { error: string; code: string } | null;
      at: string;
    }
  | { type: "host"; status: "ok" | "degraded"; checks: Record<string, string>; at: string };

/** An event before its time is written into it. */
export type Untimed<T> = T extends RunnerEvent ? Omit<T, "at"> : never;
