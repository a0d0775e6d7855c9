import { createDockerExec } from "../../src/docker/exec.ts";
import { createFirewall, createRunCommand } from "../../src/docker/firewall/backend.ts";
import { sweep } from "../../src/docker/firewall/sweep.ts";

/** Removes what runners left in the firewall for networks that are gone. Nothing, where that may not be read. */
export async function sweepFirewall(): Promise<void> {
  const exec = createDockerExec({ environment: process.env });
  const run = createRunCommand(exec, undefined);
  await sweep({ exec, run, firewall: createFirewall(exec, run) }).catch(() => undefined);
}
