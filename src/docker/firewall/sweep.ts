import type { DockerExec } from "../exec.ts";
import { linesOf } from "../lines.ts";
import type { Firewall, RunCommand } from "./firewall.ts";
import { isInterface } from "./interfaces.ts";
import { sweepRoutes } from "./routes.ts";
import { tagOf } from "./rules.ts";

const NETWORKS_ARGS = ["network", "ls", "--format", "{{.Name}}"];

/** Every engine has this network, and lets nobody remove it: a list without it is none of an engine that is well. */
const ALWAYS_THERE = "none";

export type SweepParts = {
  exec: Pick<DockerExec, "run">;
  run: RunCommand;
  firewall: Pick<Firewall, "tags" | "remove">;
  /** Whether this host has an interface of this name. */
  isThere?: (name: string) => boolean;
};

/**
 * Removes the rules and routes of networks that are gone, whosever they were. The networks are asked for after the
 * rules: a runner makes its network first. A bridge that is there belongs to a network, of another engine or made anew.
 */
export async function sweep({ exec, run, firewall, isThere = isInterface }: SweepParts): Promise<void> {
  const tags = await firewall.tags();
  const names = linesOf(await exec.run(NETWORKS_ARGS));
  if (!names.includes(ALWAYS_THERE)) return;
  const living = new Set(names.map(tagOf));
  // A network that a runner makes has its tag as the name of its bridge.
  await firewall.remove(tags.filter((tag) => !living.has(tag) && !isThere(tag)));
  // They lead nowhere, and a network that is made anew has a better one.
  await sweepRoutes(run, await subnetsOf(exec, names)).catch(() => undefined);
}

async function subnetsOf(exec: SweepParts["exec"], names: string[]): Promise<string[]> {
  const format = "{{range .IPAM.Config}}{{println .Subnet}}{{end}}";
  const output = await exec.run(["network", "inspect", "--format", format, "--", ...names]);
  return linesOf(output);
}
