import type { DockerExec } from "../exec.ts";
import type { Firewall, RunCommand } from "./firewall.ts";
import { sweepRoutes } from "./routes.ts";
import { tagOf } from "./rules.ts";

const NETWORKS_ARGS = ["network", "ls", "--format", "{{.Name}}"];

/**
 * Removes the rules and routes of networks that are gone, whosever they were. The networks are asked for after the
 * rules: a runner makes its network first.
 */
export async function sweep(parts: { exec: DockerExec; run: RunCommand; firewall: Firewall }): Promise<void> {
  const { exec, run, firewall } = parts;
  const tags = await firewall.tags();
  const names = (await exec.run(NETWORKS_ARGS)).split("\n").filter((name) => name !== "");
  const living = new Set(names.map(tagOf));
  await firewall.remove(tags.filter((tag) => !living.has(tag)));
  await sweepRoutes(run, await subnetsOf(exec, names)).catch(() => undefined);
}

async function subnetsOf(exec: DockerExec, names: string[]): Promise<string[]> {
  const format = "{{range .IPAM.Config}}{{println .Subnet}}{{end}}";
  const output = await exec.run(["network", "inspect", "--format", format, "--", ...names]);
  return output.split("\n").filter((subnet) => subnet !== "");
}
