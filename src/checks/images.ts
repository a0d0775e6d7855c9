import type { Engine } from "../docker/types.ts";
import { messageOf } from "../lib/errors.ts";
import type { Check, Result } from "./check.ts";

/** An image that every build needs, and the settings that name it. */
export type NeededImage = { name: string; reference: string; setting: string };

type ImageEngine = Pick<Engine, "imageExists" | "imageInRegistry">;

/** Whether the images are in the engine, or can be pulled. */
export function imageChecks(engine: ImageEngine, images: NeededImage[]): Check[] {
  return images.map((image) => ({ name: image.name, look: () => lookFor(engine, image) }));
}

async function lookFor(engine: ImageEngine, { reference, setting }: NeededImage): Promise<Result> {
  try {
    if (await engine.imageExists(reference)) return { state: "ok", found: `The engine has ${reference}` };
  } catch {
    return { state: "unknown", found: "The engine does not answer" };
  }
  try {
    if (await engine.imageInRegistry(reference))
      return { state: "ok", found: `The registry has ${reference}, and the first build will pull it` };
  } catch (error) {
    // The engine may still know a mirror that has it.
    return {
      state: "unknown",
      found: `The engine does not have ${reference}, and its registry cannot be asked: ${messageOf(error).replace(/\.$/, "")}`,
      advice: `load the image, or name another with ${setting}`,
    };
  }
  return {
    state: "failed",
    found: `There is no image ${reference}, neither in the engine nor in its registry`,
    advice: `name another with ${setting}, or load the image`,
  };
}
