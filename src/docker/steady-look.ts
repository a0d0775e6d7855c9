import { isNoSuchObject } from "./errors.ts";

/** How often a look is begun anew. */
const MAX_LOOKS = 5;

/** Does a look that lists things first, and then asks for each: until none of them goes in between. */
export async function steadyLook<T>(look: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round += 1) {
    try {
      return await look();
    } catch (error) {
      if (!isNoSuchObject(error) || round === MAX_LOOKS) throw error;
    }
  }
}
