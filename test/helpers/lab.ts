import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { hasRegistry } from "./registry.ts";
import { run } from "./run.ts";
import { canStartEngine } from "./small-engine.ts";

const SCRIPT = resolve(import.meta.dir, "../../scripts/lab");

/** Whether this machine has what `scripts/lab` asks for. */
export const canStartLab =
  canStartEngine && hasRegistry && ["ip", "nsenter", "iptables"].every((program) => find(program) !== null);

/** Three engines that are one swarm, and a registry; see scripts/lab. Disposing of it takes all of it down. */
export async function startLab() {
  const name = `oken-lab-${Bun.randomUUIDv7().slice(-6)}`;
  const directory = join(tmpdir(), name);
  const lab = (...command: string[]) => run([SCRIPT, ...command], { OKEN_LAB: name });
  await lab("up");
  return {
    ...{ name, directory },
    /** Of the registry, for the engines. */
    registry: "10.231.7.1:5000",
    status: () => lab("status"),
    /** What a command prints that runs with the network and the engine of `n1`. */
    run: (...command: string[]) => lab("run", ...command),
    /** What the docker command prints on one of the hosts `n1`, which manages the swarm, `n2` and `n3`. */
    on: (node: string, args: string[]) =>
      run(["docker", "--host", `unix://${directory}/${node}.sock`, ...args]),
    /** Takes a host off the wire, and puts it back. */
    unplug: (node: string) => run(["ip", "-n", `${name}-switch`, "link", "set", node, "down"]),
    plug: (node: string) => run(["ip", "-n", `${name}-switch`, "link", "set", node, "up"]),
    [Symbol.asyncDispose]: async () => void (await lab("down")),
  };
}

/** Also where only root's shells look. */
function find(program: string): string | null {
  return Bun.which(program, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` });
}
