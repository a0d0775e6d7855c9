import type { AgentState } from "../../model/agent.ts";
import type { Output } from "./output.ts";

const STYLES = { running: "green", starting: "yellow", idle: "cyan", stopped: "dim", error: "red" } as const;

/** A state in its colour. One that this program does not know yet has none. */
export function stateText(out: Output, state: AgentState): string {
  return out.paint(STYLES[state] ?? "reset", state);
}
