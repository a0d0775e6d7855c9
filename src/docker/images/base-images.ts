import { imageIdsArgs } from "./image-args.ts";
import { isNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import type { BuildEvent } from "../types.ts";

/** `[stage 1/3] FROM reference@digest`. An image that is only in the engine has no digest there. */
const FROM_STEP = /^\[[^\]]+\] FROM (\S+?)(?:@(sha256:[0-9a-f]{64}))?$/;

export type BaseImages = {
  see(event: BuildEvent): void;
  /** The digest of each image by its reference, or the image's id if it has no digest. */
  known(): Promise<Record<string, string>>;
};

/** Finds out what each `FROM` of a build resolves to, while the build runs. */
export function createBaseImages(exec: DockerExec): BaseImages {
  const found: Record<string, string> = {};
  const asked = new Set<string>();
  const answers: Promise<void>[] = [];
  let waiting: string[] = [];

  // One command for all images that one record of the build's output names.
  const ask = () => {
    const references = waiting;
    if (references.length === 0) return;
    waiting = [];
    const answer = localIds(exec, references).then((ids) => void Object.assign(found, ids));
    // `known` awaits it. A failed build never calls `known`, and the rejection must not count as unhandled.
    answer.catch(() => undefined);
    answers.push(answer);
  };

  return {
    see(event) {
      const [, reference, digest] = event.type === "step" ? (FROM_STEP.exec(event.name) ?? []) : [];
      if (reference === undefined || asked.has(reference)) return;
      asked.add(reference);
      if (digest !== undefined) {
        found[reference] = digest;
        return;
      }
      if (waiting.length === 0) queueMicrotask(ask);
      waiting.push(reference);
    },
    async known() {
      ask();
      await Promise.all(answers);
      return found;
    },
  };
}

/** Ids of the images that are in the engine. */
async function localIds(exec: DockerExec, references: string[]): Promise<Record<string, string>> {
  try {
    const ids = (await exec.run(imageIdsArgs(references))).trim().split("\n");
    return Object.fromEntries(references.map((reference, index) => [reference, ids[index] ?? ""]));
  } catch (error) {
    if (!isNoSuchObject(error)) throw error;
    if (references.length === 1) return {};
    const each = await Promise.all(references.map((reference) => localIds(exec, [reference])));
    return Object.assign({}, ...each);
  }
}
