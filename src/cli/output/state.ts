import type { AgentState } from "../../model/agent.ts";
import type { Output } from "./output.ts";

const STYLES = {
  running: "green",
  starting: "yellow",
  paused: "blue",
  idle: "cyan",
  stopped: "dim",
  error: "red",
} as const;

/** A state in its colour. One that this program does not know yet has none; of an agent just removed nothing is known. */
export function stateText(out: Output, state: AgentState | undefined): string {
  if (state === undefined) return "-";
  return out.paint(STYLES[state] ?? "reset", state);
}
