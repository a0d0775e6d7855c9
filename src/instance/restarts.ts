import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { askHealth } from "./control.ts";

/** The runtime is on this host and answers in a millisecond, whatever the agent does. */
const TIMEOUT_MS = 500;

const Told = Type.Object({ restarts: Type.Integer() });

/**
 * How often the runtime with this origin has replaced the agent's process since its container started. Undefined when
 * it does not say.
 */
export async function askRestarts(origin: string): Promise<number | undefined> {
  try {
    const told = await askHealth(origin, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return Value.Check(Told, told) ? told.restarts : undefined;
  } catch {
    // Its container may end at any moment.
    return undefined;
  }
}
