import { isNoSuchObject } from "./errors.ts";
import type { DockerExec } from "./exec.ts";
import type { BuildEvent } from "./types.ts";

/** `[stage 1/3] FROM reference@digest`; an image that is only in the engine is named without a digest. */
const FROM_STEP = /^\[[^\]]+\] FROM (\S+?)(?:@(sha256:[0-9a-f]{64}))?$/;

export type BaseImages = {
  see(event: BuildEvent): void;
  /** Digest, or the image's id where it has none, by reference. */
  known(): Promise<Record<string, string>>;
};

/** Finds out what each `FROM` of a build came to, while the build goes on. */
export function createBaseImages(exec: DockerExec): BaseImages {
  const found = new Map<string, Promise<string | undefined>>();
  return {
    see(event) {
      const [, reference, digest] = event.type === "step" ? (FROM_STEP.exec(event.name) ?? []) : [];
      if (reference === undefined || found.has(reference)) return;
      const known = digest === undefined ? localId(exec, reference) : Promise.resolve(digest);
      // Awaited in `known`, which a build that fails never comes to.
      known.catch(() => undefined);
      found.set(reference, known);
    },
    async known() {
      const pairs = await Promise.all([...found].map(async ([name, known]) => [name, await known] as const));
      return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
    },
  };
}

async function localId(exec: DockerExec, reference: string): Promise<string | undefined> {
  try {
    return (await exec.run(["image", "inspect", "--format", "{{.Id}}", reference])).trim();
  } catch (error) {
    if (isNoSuchObject(error)) return undefined;
    throw error;
  }
}
