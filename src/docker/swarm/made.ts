import { undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { LABEL, filterArgs } from "../labels.ts";
import { linesOf } from "../lines.ts";
import { PROBE_LABEL } from "./node-probe.ts";
import { PREPULL_LABEL } from "./prepull.ts";

/** In this order they go: one that a service has stays. */
const KINDS = ["service", "secret", "config"] as const;

/** What a runner has in a swarm, by the names of each. */
export type MadeInSwarm = Record<(typeof KINDS)[number], string[]>;

/** Everything with this runner's labels: agents, claims, jobs, records, and the key of their names. */
export async function listMadeInSwarm(exec: Pick<DockerExec, "run">, runnerId: string): Promise<MadeInSwarm> {
  const list = async (kind: (typeof KINDS)[number], label: string) => {
    const output = await exec.run([
      ...[kind, "ls", ...filterArgs({ [label]: runnerId })],
      ...["--format", "{{.Name}}"],
    ]);
    return linesOf(output);
  };
  const [service, secret, config, ...jobs] = await Promise.all([
    ...KINDS.map((kind) => list(kind, LABEL.runner)),
    ...[PROBE_LABEL, PREPULL_LABEL].map((label) => list("service", label)),
  ]);
  return { service: [...(service ?? []), ...jobs.flat()], secret: secret ?? [], config: config ?? [] };
}

/** Removes them. What is gone already is no error. */
export async function removeMadeInSwarm(exec: Pick<DockerExec, "run">, made: MadeInSwarm): Promise<void> {
  for (const kind of KINDS) {
    if (made[kind].length === 0) continue;
    await exec.run([kind, "rm", "--", ...made[kind]]).catch(undefinedIfNoSuchObject);
  }
}
