import { availableParallelism } from "node:os";

import { createTurns } from "../agents/cpus/turns.ts";
import type { Nodes } from "../agents/nodes/nodes.ts";
import type { AgentParts } from "../agents/parts.ts";
import type { Loaded } from "../agents/recovery/load-agents.ts";
import { recoverEngine } from "../agents/recovery/recover-engine.ts";
import { createTidy } from "../agents/recovery/tidy.ts";
import { createKeeper } from "../agents/sleep/keep-warm.ts";
import { reportMissingVolumes } from "../agents/volumes/missing-volumes.ts";
import { watchContainment } from "../agents/watches/containment-watch.ts";
import { watchEngine } from "../agents/watches/engine-watch.ts";
import { watchHost } from "../agents/watches/host-watch.ts";
import type { Config } from "../config/load.ts";
import { createCpuPressure } from "../lib/cpu-pressure.ts";
import type { ClaimedEngine } from "./engine.ts";

/** What goes on beside calls until the runner ends. */
export type Background = {
  /** Has it begin, once the runner listens. */
  begin(work: Work): void;
  /** Resolves when all of it has ended. */
  ended(): Promise<unknown>;
};

type Work = {
  docker: Pick<ClaimedEngine, "clearOrphans" | "reportOthers" | "watchClaim">;
  /** The agents that the disk has. */
  loaded: Loaded;
  /** Runs whose commands are left alone. */
  spared: readonly string[];
  nodes: Pick<Nodes, "takeUpDrains">;
  health: () => Promise<Record<string, string>>;
  /** Resolved when it is known what runs. */
  reconciling: PromiseWithResolvers<void>;
};

/** Follows the agents from now on, so that nothing which calls do to them before `begin` is missed. */
export function createBackground(
  parts: AgentParts,
  { config, closing }: { config: Pick<Config, "maxBuilds">; closing: AbortSignal },
): Background {
  const { clock } = parts;
  const keeper = createKeeper(parts, { startsAtOnce: config.maxBuilds, closing });
  const turns = createTurns(parts, {
    hostCpus: availableParallelism(),
    pressure: createCpuPressure({ clock }),
  });
  const under: Promise<unknown>[] = [];
  return {
    begin({ docker, loaded, spared, nodes, health, reconciling }) {
      const { promise: reconciled, resolve: onFirst } = reconciling;
      const clearOrphans = () => docker.clearOrphans(spared);
      const cleared = clearOrphans();
      const tidy = createTidy(parts, { ...loaded, signal: closing });
      under.push(
        recoverEngine(parts, { loaded, cleared, clearOrphans, onFirst, signal: closing }).then(() =>
          closing.aborted ? undefined : reportMissingVolumes(parts),
        ),
        reconciled.then(() => keeper.attend()),
        reconciled.then(() => nodes.takeUpDrains()),
        cleared.then(() => docker.reportOthers()),
        cleared.then(() => watchEngine({ ...parts, keeper, onBack: () => void tidy() }, closing)),
        cleared.then(() => watchContainment(parts, closing)),
        docker.watchClaim(closing),
        cleared.then(() => turns.watch(closing)),
        watchHost(parts, health, closing),
      );
    },
    ended: () => Promise.all(under),
  };
}
