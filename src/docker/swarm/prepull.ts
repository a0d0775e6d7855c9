import type { DockerExec } from "../exec.ts";
import { linesOf } from "../lines.ts";
import { avoidArgs } from "./chosen-nodes.ts";
import { type Job, removeJobs, runJob } from "./job.ts";

/** How long nodes may take for an image, milliseconds. One without any layer of 560 MB took 16 s. */
const PULL_TIMEOUT_MS = 300_000;

/** Pause between two looks at them, milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** On the services that do this: the runner's id. They have none of the labels of an agent's. */
export const PREPULL_LABEL = "oken.prepull";

/** The user of jobs that need no files. */
const NOBODY = 65_534;

/** Not the program of the image, and none that does anything; where there is none the image has come all the same. */
const PROGRAM = "true";

/** A task that is over, in the words of `docker service ps`. */
const OVER = /^(?:Complete|Failed|Rejected|Shutdown|Orphaned|Remove)\b/;

/** Has every node but those run a program of the image once, and so fetch the image. */
export function prepullJob(
  image: string,
  { name, runnerId, avoid }: { name: string; runnerId: string; avoid: readonly string[] },
): Job {
  const options = avoidArgs(avoid);
  return { name, labels: labelsOf(runnerId), options, userId: NOBODY, image, command: [PROGRAM] };
}

export function prepullStatesArgs(name: string): string[] {
  return ["service", "ps", "--format", "{{.CurrentState}}", "--", name];
}

function labelsOf(runnerId: string): Record<string, string> {
  return { [PREPULL_LABEL]: runnerId };
}

export type Prepull = {
  /** An image was built on these bases. */
  built(reference: string, bases: Record<string, string>): void;
  /**
   * The image has started somewhere: has the other nodes fetch it, unless they all have its bases already. Resolves when
   * they are done. Never rejects: what a node lacks it fetches when an agent starts there.
   */
  started(reference: string, pinned: string): Promise<void>;
  /** Removes what a crash left. */
  removeLeft(): Promise<void>;
};

type Parts = {
  exec: DockerExec;
  runnerId: string;
  /** The ids of the nodes that can run what this host builds, and of the others. */
  nodes: () => Promise<{ fitting: string[]; others: string[] }>;
  lookEveryMs?: number;
};

/**
 * Brings new bases to all nodes before an agent needs them there: the first start without takes many seconds, and any
 * other a tenth of one. One image at a time, and one for each base.
 */
export function createPrepull({ exec, runnerId, nodes, lookEveryMs = LOOK_EVERY_MS }: Parts): Prepull {
  /** By the references of images that have not started yet. */
  const basesOf = new Map<string, string>();
  /** The nodes that have each base. */
  const done = new Map<string, Set<string>>();
  let last: Promise<void> = Promise.resolve();

  const fetch = async (bases: string, pinned: string) => {
    const { fitting, others: avoid } = await nodes();
    const known = done.get(bases) ?? new Set();
    if (fitting.length < 2 || fitting.every((node) => known.has(node))) return;
    const name = `oken-prepull-${Bun.randomUUIDv7().slice(-12)}`;
    await runJob(exec, prepullJob(pinned, { name, runnerId, avoid }), async () => {
      if (await areOver(name)) done.set(bases, new Set(fitting));
    });
  };

  const areOver = async (name: string): Promise<boolean> => {
    const deadline = performance.now() + PULL_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const states = linesOf(await exec.run(prepullStatesArgs(name)));
      if (states.length > 0 && states.every((state) => OVER.test(state))) return true;
      await Bun.sleep(lookEveryMs);
    }
    return false;
  };

  return {
    built(reference, bases) {
      const sorted = Object.values(bases).toSorted();
      if (sorted.length > 0) basesOf.set(reference, sorted.join(" "));
    },
    started(reference, pinned) {
      const bases = basesOf.get(reference);
      basesOf.delete(reference);
      if (bases === undefined) return last;
      return (last = last.then(() => fetch(bases, pinned)).catch(() => undefined));
    },
    removeLeft: () => removeJobs(exec, labelsOf(runnerId)),
  };
}
