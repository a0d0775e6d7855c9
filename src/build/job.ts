import type { BuildRequest, Engine, WheelLimits } from "../docker/types.ts";
import type { Entrypoint } from "../model/entrypoint.ts";
import type { Manifest } from "../model/manifest.ts";
import type { ResolvedLists } from "./resolved-lists.ts";
import type { BuildSettings } from "./settings.ts";
import type { DependencyPlan, DependencyStyle } from "../dependencies/plan.ts";

export type BuildEngine = Pick<Engine, "buildImage" | "exportStage" | "buildWheels">;

export type AgentBuildOptions = Pick<BuildRequest, "tag" | "labels" | "timeoutMs" | "signal" | "onEvent"> & {
  /** The extracted upload; never written to. */
  tree: string;
  manifest: Pick<Manifest, "pythonVersion">;
  entrypoint: Pick<Entrypoint, "file">;
  agentId: string;
  settings: BuildSettings;
  /** Digest of the tree's names, modes and content; made by the build if undefined. */
  treeDigest?: string | undefined;
  /** Directory of the Python that runs inside the container; its base name is unique to its content. */
  runtimeDir: string;
  /** A directory on the tree's file system; what the build needs is made in it and removed again. */
  scratchDir: string;
  /** This agent's own directory for what was resolved and built before; its parent exists. Goes when the agent goes. */
  keepDir: string;
  /** Name of the kept list that must be installed, where this upload was built before. */
  packages?: string | undefined;
  /** Names of kept lists that may be asked for later; the others go when there are too many. */
  packagesInUse?: (() => string[]) | undefined;
  /** Shared by the builds of a host. */
  resolvedLists?: ResolvedLists | undefined;
  wheelLimits?: WheelLimits | undefined;
  /** Takes work that nobody need wait for, and tells of its failure; without it that work is part of the build. */
  background?: ((work: () => Promise<void>) => void) | undefined;
  /** Told as soon as the dependency style is known, before anything is built. */
  onDetected?: ((detected: Detected) => void) | undefined;
};

export type Detected = { style: DependencyStyle; styleReason: string; warnings: string[] };

/** One build on its way. */
export type BuildJob = {
  /** Set when the step that resolves was found done. */
  resolution: { cached: boolean };
  engine: BuildEngine;
  options: AgentBuildOptions;
  plan: DependencyPlan;
  scratch: string;
  /** On the clock that only grows, milliseconds. */
  deadline: number;
  /** When the build began, milliseconds since the epoch. */
  now: number;
};

/** Whole milliseconds until `deadline`, at least one. */
export function remaining(deadline: number): number {
  return Math.max(1, Math.ceil(deadline - performance.now()));
}
