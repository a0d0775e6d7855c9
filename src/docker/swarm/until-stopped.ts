import { STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import type { Clock } from "../../lib/clock.ts";
import { isNoSuchObject } from "../errors.ts";
import type { NodeAddresses } from "./node-addresses.ts";
import { type Tasks, hasEnded } from "./tasks.ts";

/** Pause between two looks at a service that stops, milliseconds. SIGTERM comes after a second. */
const LOOK_MS = 100;

/** The grace of a service is its own, however long the caller would wait; the swarm adds a second, and a look. */
const STOP_MS = STOP_GRACE_SECONDS * 1000 + 5_000;

/** A stop that takes longer than most may be of a node that is lost, milliseconds. */
const DOUBT_MS = 2_000;

/**
 * Resolves when none of a service's tasks runs, or none that a node could still end: a lost node's say nothing more. After
 * the grace it resolves anyway; the swarm goes on ending them.
 */
export async function untilStopped(
  { tasks, nodes, clock }: { tasks: Pick<Tasks, "ofService">; nodes: NodeAddresses; clock: Clock },
  service: string,
): Promise<void> {
  const begun = clock.monotonic();
  let lookedAt = begun;
  for (;;) {
    const found = await tasks.ofService(service).catch((error: unknown) => {
      if (!isNoSuchObject(error)) throw error;
      return [];
    });
    const left = found.filter((task) => !hasEnded(task) && task.nodeId !== "");
    const now = clock.monotonic();
    if (left.length === 0 || now - begun >= STOP_MS) return;
    if (now - lookedAt >= DOUBT_MS) {
      lookedAt = now;
      const lost = await Promise.all(left.map(({ nodeId }) => nodes.isLost(nodeId)));
      if (lost.every(Boolean)) return;
    }
    await clock.sleep(LOOK_MS);
  }
}
