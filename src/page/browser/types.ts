/** The bodies of the API, by the schemas that the runner checks its answers against. */
import type { Static } from "@sinclair/typebox";

import type { AgentDetail as AgentDetailSchema, AgentList } from "../../model/api-agents.ts";
import type { AgentStats as AgentStatsSchema, HostReport, StatsList } from "../../model/api-stats.ts";
import type { RunnerEvent } from "../../model/events.ts";

export type Agent = Static<typeof AgentList>["agents"][number];
export type AgentState = Agent["status"];
export type AgentDetail = Static<typeof AgentDetailSchema>;
export type Figures = Static<typeof StatsList>["agents"][number];
export type AgentStats = Static<typeof AgentStatsSchema>;
export type Host = Static<typeof HostReport>;
export type LiveEvent = RunnerEvent | { type: "reset"; at: string };

/** What the page reads of a body that the schema describes by references. */
export type Deployment = {
  deployment: number;
  state: "running" | "succeeded" | "failed" | "cancelled";
  created_at: string;
  finished_at: string | null;
  result: { version: number; unchanged: boolean } | null;
};

export type LogLine = {
  time: string | null;
  level: string | null;
  stream: string | null;
  request_id: string | null;
  message: string;
};
