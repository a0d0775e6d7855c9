import type { DockerExec } from "../exec.ts";
import { filterArgs } from "../containers/args.ts";
import { labelArgs } from "../labels.ts";

/** How long nodes may take for an image, milliseconds. One without any layer of 560 MB took 16 s. */
const PULL_TIMEOUT_MS = 300_000;

/** Pause between two looks at them, milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** On the services that do this: the runner's id. They have none of the labels of an agent's. */
const PREPULL_LABEL = "oken.prepull";

/** Not the program of the image, and none that does anything; where there is none the image has come all the same. */
const PROGRAM = "true";

/** A task that is over, in the words of `docker service ps`. */
const OVER = /^(?:Complete|Failed|Rejected|Shutdown|Orphaned|Remove)\b/;

/** Has every node of the swarm run a program of the image once, and so fetch the image. */
export function prepullArgs(image: string, { name, runnerId }: { name: string; runnerId: string }): string[] {
  return [
    ...["service", "create", "--detach", "--quiet"],
    ...["--name", name],
    ...labelArgs({ [PREPULL_LABEL]: runnerId }),
    ...["--mode", "global-job"],
    ...["--restart-condition", "none"],
    ...["--no-resolve-image", "--with-registry-auth"],
    ...["--user", "65534:65534"],
    ...["--cap-drop", "ALL"],
    "--read-only",
    "--no-healthcheck",
    ...["--limit-memory", "64m"],
    ...["--limit-pids", "16"],
    ...["--log-driver", "none"],
    ...["--entrypoint", PROGRAM],
    "--",
    image,
  ];
}

export function prepullListArgs(runnerId: string): string[] {
  return ["service", "ls", "--quiet", ...filterArgs({ [PREPULL_LABEL]: runnerId })];
}

export function prepullStatesArgs(name: string): string[] {
  return ["service", "ps", "--format", "{{.CurrentState}}", "--", name];
}

function removeArgs(services: string[]): string[] {
  return ["service", "rm", "--", ...services];
}

function nodesArgs(): string[] {
  return ["node", "ls", "--quiet"];
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

type Parts = { exec: DockerExec; runnerId: string; lookEveryMs?: number };

/**
 * Brings new bases to all nodes before an agent needs them there: the first start without takes many seconds, and any
 * other a tenth of one. One image at a time, and one for each base.
 */
export function createPrepull({ exec, runnerId, lookEveryMs = LOOK_EVERY_MS }: Parts): Prepull {
  /** By the references of images that have not started yet. */
  const basesOf = new Map<string, string>();
  /** The nodes that have each base. */
  const done = new Map<string, Set<string>>();
  let last: Promise<void> = Promise.resolve();

  const fetch = async (bases: string, pinned: string) => {
    const nodes = lines(await exec.run(nodesArgs()));
    const known = done.get(bases) ?? new Set();
    if (nodes.length < 2 || nodes.every((node) => known.has(node))) return;
    const name = `oken-prepull-${Bun.randomUUIDv7().slice(-12)}`;
    try {
      await exec.run(prepullArgs(pinned, { name, runnerId }));
      if (await areOver(name)) done.set(bases, new Set(nodes));
    } finally {
      await exec.run(removeArgs([name])).catch(() => undefined);
    }
  };

  const areOver = async (name: string): Promise<boolean> => {
    const deadline = performance.now() + PULL_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const states = lines(await exec.run(prepullStatesArgs(name)));
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
    async removeLeft() {
      const left = lines(await exec.run(prepullListArgs(runnerId)));
      if (left.length > 0) await exec.run(removeArgs(left));
    },
  };
}

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}
