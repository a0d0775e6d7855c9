import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";

/** Work that a build leaves behind when it answers. */
export type Background = {
  /** Starts to keep a resolution. A failure is logged: the next build resolves again. */
  keep(agentId: string, work: () => Promise<void>): void;
  settled(): Promise<void>;
};

export function createBackground(log: Log): Background {
  const running = new Set<Promise<void>>();
  return {
    keep(agentId, work) {
      const done = work()
        .catch((error: unknown) =>
          log.warn(
            { agent_id: agentId, reason: messageOf(error) },
            "could not keep the resolved versions of packages; the next build resolves them again",
          ),
        )
        .finally(() => running.delete(done));
      running.add(done);
    },
    settled: async () => void (await Promise.all(running)),
  };
}
