import { RunnerError } from "../../lib/errors.ts";
import { isNoSuchObject } from "../errors.ts";
import type { Workload } from "../workload.ts";
import type { Prepull } from "./prepull.ts";
import type { PushedImages } from "./pushed-images.ts";
import type { ServiceStarts } from "./services.ts";

type Parts = {
  services: ServiceStarts;
  images: Pick<PushedImages, "resolve" | "provide">;
  prepull: Pick<Prepull, "started">;
};

/**
 * The same starts, of images by their digests. What the registry has lost and this host has is pushed again first; a start
 * that needs it while the registry is away fails with that.
 */
export function createPushedServices({
  services,
  images,
  prepull,
}: Parts): Pick<Workload, "startContainer" | "restartContainer"> {
  return {
    async startContainer(spec) {
      let image = await images.resolve(spec.image);
      const started = await services.startContainer({ ...spec, image }).catch(async (error: unknown) => {
        image = await providedAfter(error, spec.image);
        return services.startContainer({ ...spec, image }).catch((again: unknown) => {
          throw isNoSuchObject(again) ? unfetched(spec.image) : again;
        });
      });
      void prepull.started(spec.image, image);
      return started;
    },
    restartContainer: (spec) =>
      services.restartContainer(spec).catch(async (error: unknown) => {
        if (!isNoSuchObject(error)) throw error;
        const before = await images.resolve(spec.image);
        const provided = await images.provide(spec.image);
        // A service keeps the digest that it was made with.
        if (provided !== undefined && provided !== before) return undefined;
        return services.restartContainer(spec, { renewLogin: true }).catch((again: unknown) => {
          throw isNoSuchObject(again) ? unfetched(spec.image) : again;
        });
      }),
  };

  /** The image, which the registry has by now. Throws `error` if that was not for want of it. */
  async function providedAfter(error: unknown, reference: string): Promise<string> {
    if (!isNoSuchObject(error)) throw error;
    const provided = await images.provide(reference);
    if (provided === undefined) throw unfetched(reference);
    return provided;
  }
}

/** A node says no more than that it has no such image. */
function unfetched(reference: string): RunnerError {
  return new RunnerError(
    "CONTAINER_ERROR",
    `A node could not fetch the image ${reference} from the registry, which has it: its engine's log says why (journalctl --unit docker); mostly a certificate that is not trusted there, or a firewall.`,
    { details: { reason: "image_not_fetched" } },
  );
}
