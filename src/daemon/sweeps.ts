import { buildRefsDir, createBuildRefSweep } from "../agents/disk/build-refs.ts";
import type { DiskKeeper } from "../agents/disk/keeper.ts";
import { createForgottenSweep } from "../agents/forgotten.ts";
import { createIdleSweep } from "../agents/sleep/idle.ts";
import type { Ownership } from "../agents/ownership/ownership.ts";
import type { AgentParts } from "../agents/parts.ts";
import type { Scaler } from "../agents/scaling/scaler.ts";
import { createVolumeSweep } from "../agents/volumes/volume-sizes.ts";
import { retention } from "../config/derived.ts";
import type { Host } from "./agent-parts.ts";

type SweepOptions = Pick<Host, "config" | "environment"> & {
  scaler: Pick<Scaler, "sweep">;
  disk: Pick<DiskKeeper, "sweep">;
  ownership: Pick<Ownership, "isSuspended">;
  /** Writes down when agents were last called. */
  saveLastInvoked: () => Promise<void>;
};

/** Does every `OKEN_CLEANUP_INTERVAL` what time alone makes due, until it is disposed of. */
export function startSweeps(
  parts: AgentParts,
  { config, environment, scaler, disk, ownership, saveLastInvoked }: SweepOptions,
): Disposable {
  const sweepForgotten = createForgottenSweep(parts, retention(config));
  const sweepVolumes = createVolumeSweep(parts);
  const sweepIdle = createIdleSweep(parts);
  const refs = { refsDir: buildRefsDir(environment), dataDir: config.dataDir };
  const sweepBuildRefs = createBuildRefSweep(parts, refs);
  const sweep = setInterval(() => {
    if (ownership.isSuspended) return;
    sweepIdle();
    scaler.sweep();
    void sweepForgotten();
    void sweepVolumes();
    void disk.sweep();
    void sweepBuildRefs();
    void saveLastInvoked();
  }, config.cleanupInterval * 1000);
  return { [Symbol.dispose]: () => clearInterval(sweep) };
}
