import type { AgentState } from "./agent.ts";

/** What an agent's calls were like in some span of time. Durations are until the answer began; null without a call. */
export type CallFigures = {
  requests: number;
  errors: number;
  p50_ms: number | null;
  p99_ms: number | null;
};

/** One minute of an agent's last hour. */
export type MinuteFigures = CallFigures & { at: string; memory_bytes: number | null };

/** A call whose answer has begun and has not ended. */
export type OpenCall = { kind: "stream" | "websocket"; path: string; request_id: string; since: string };

/** A move of an agent from one state to another. */
export type StateChange = {
  at: string;
  from: AgentState;
  status: AgentState;
  version: number;
  reason: string;
  next_start_at?: string;
};
