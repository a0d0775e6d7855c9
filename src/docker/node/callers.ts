import { readFile } from "node:fs/promises";

import { Type } from "@sinclair/typebox";

import type { DockerExec } from "../exec.ts";
import type { Callers } from "../firewall/callers.ts";
import { readJson } from "../read-json.ts";
import { ANY_ADDRESS, hostOf } from "../swarm/node-addresses.ts";

/** From these the kernel, and so the engine, chooses a port where none is named. */
const PORT_RANGE_FILE = "/proc/sys/net/ipv4/ip_local_port_range";

/** What the kernel has unless it was told otherwise. */
const USUAL_RANGE = "32768 60999";

export const MANAGERS_ARGS = ["info", "--format", "{{json .Swarm.RemoteManagers}}"];

const Managers = Type.Union([Type.Array(Type.Object({ Addr: Type.String() })), Type.Null()]);

/** Who calls agents on this node: the runner, which is on one of the managers. Undefined where the node knows of none. */
export async function nodeCallers(
  exec: Pick<DockerExec, "run">,
  readRange = () => readFile(PORT_RANGE_FILE, "utf8"),
): Promise<Callers | undefined> {
  const [managers, range] = await Promise.all([
    exec.run(MANAGERS_ARGS),
    readRange().catch(() => USUAL_RANGE),
  ]);
  return callersOf(managers, range);
}

/** From what {@link MANAGERS_ARGS} has printed, and the range of ports as the kernel writes it. */
export function callersOf(managers: string, range: string): Callers | undefined {
  const known = readJson(Managers, { args: MANAGERS_ARGS, output: managers }) ?? [];
  const from = [...new Set(known.map(({ Addr }) => hostOf(Addr)))].sort();
  // One that is not known could not call.
  if (from.length === 0 || from.includes(ANY_ADDRESS)) return undefined;
  const [first = 0, last = 0] = range.trim().split(/\s+/).map(Number);
  return { from, ports: [first, last] };
}
