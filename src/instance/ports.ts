import type { VersionRecord } from "../model/agent.ts";

/** Where the runtime of an `http` agent answers, apart from the agent's own port. */
const CONTROL_PORT = 7999;

/** Ports inside the container: the agent's server, and the runtime that says how it is. */
export type Ports = { serving: number; control: number };

/** An `http` agent's server has a port of its own, so its runtime answers beside it. */
export function portsOf(
  { manifest, entrypoint }: Pick<VersionRecord, "manifest" | "entrypoint">,
  containerPort: number,
): Ports {
  if (entrypoint.type !== "http") return { serving: containerPort, control: containerPort };
  return {
    serving: manifest.port,
    control: manifest.port === CONTROL_PORT ? CONTROL_PORT - 1 : CONTROL_PORT,
  };
}
