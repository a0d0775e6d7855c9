import { PING_ARGS } from "./caution.ts";
import type { DockerExec, ExecOptions } from "../exec.ts";
import { type Turns, createTurns } from "../../lib/turns.ts";

/**
 * Commands at once. 48 containers were started in eleven seconds by 4, 16 or 48 commands at a time, on two CPUs: more
 * processes take memory, and no agent starts sooner.
 */
export const MAX_COMMANDS = 16;

/** Stops at once. An agent may take ten seconds to end, and the next stop, which somebody may wait for, no longer. */
export const MAX_STOPS = 32;

/**
 * The same commands, of which a bounded number runs at once: hundreds of agents may have to be started, stopped or
 * adopted together. The others begin in the order in which they came. A command holds its turn while its process runs and
 * waits for no other meanwhile, so that each turn ends.
 *
 * Streams are not counted: builds have their own queue, and what follows logs and events does not end.
 */
export function bounded(exec: DockerExec): DockerExec {
  const commands = createTurns(MAX_COMMANDS);
  // A stop mostly waits, and must not hold up those who start.
  const stops = createTurns(MAX_STOPS);
  const turnsOf = (args: string[], options: ExecOptions): Turns | undefined => {
    if (isUncounted(args, options)) return undefined;
    return args[0] === "stop" ? stops : commands;
  };
  return {
    ...exec,
    async run(args, options = {}) {
      const giveBack = await turnsOf(args, options)?.take(options.signal);
      try {
        return await exec.run(args, options);
      } finally {
        giveBack?.();
      }
    },
  };
}

/** Whether the engine answers must be known however much there is to do. The others last long, and are rare. */
function isUncounted(args: string[], { tool, program }: ExecOptions): boolean {
  return tool !== undefined || program !== undefined || args[0] === PING_ARGS[0] || args[0] === "system";
}
