import type { AgentState } from "../types.ts";

export function StateBadge({
  state,
}: {
  state: AgentState | "running" | "succeeded" | "failed" | "cancelled";
}) {
  return <span class={`state state-${state}`}>{state}</span>;
}
