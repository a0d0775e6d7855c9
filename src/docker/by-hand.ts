import { LABEL } from "./labels.ts";

/** The command with which an operator removes all that a runner's agents have, on this host or in the swarm. */
export function removalByHand(runnerId: string, { isSwarm }: { isSwarm: boolean }): string {
  const filter = `--filter label=${LABEL.runner}=${runnerId}`;
  if (!isSwarm) return `docker rm --force $(docker ps --all --quiet ${filter})`;
  // In this order: a service in use keeps its files.
  return ["service", "secret", "config"]
    .map((kind) => `docker ${kind} rm $(docker ${kind} ls --quiet ${filter})`)
    .join("; ");
}
