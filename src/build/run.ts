import type { DependencyPlan } from "../dependencies/plan.ts";
import type { Background } from "./background.ts";
import type { Resolution } from "./resolutions.ts";
import type { RuntimeDirectory } from "./runtime-directory.ts";
import type { StageCache } from "./stage-cache.ts";
import type { StepLog } from "./steps.ts";
import type { BuildRequest, BuilderHost } from "./types.ts";

/** What all builds of a host share. */
export type BuildParts = {
  host: BuilderHost;
  runtime: RuntimeDirectory;
  resolutionCache: StageCache<Resolution>;
  /** Versions of Debian packages by their names. */
  systemCache: StageCache<Record<string, string>>;
  background: Background;
};

/** One build on its way. */
export type BuildRun = {
  parts: BuildParts;
  request: BuildRequest;
  plan: DependencyPlan;
  steps: StepLog;
  /** A directory of its own, removed when it ends. */
  scratch: string;
  /** On the clock that only grows, milliseconds. */
  deadline: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
};

/** Whole milliseconds that are left to a build, at least one. */
export function remainingMs({ parts, deadline }: BuildRun): number {
  return Math.max(1, Math.ceil(deadline - parts.host.clock.monotonic()));
}

/** Labels of the image, and of what is made on the way to it. */
export function labelsOf({ parts, request }: BuildRun): Record<string, string> {
  const { agentId, version } = request;
  return parts.host.agents.labels({ agentId, version: version.version, spec: version.spec_digest });
}

/** The Python that wheels are built for. */
export function pythonOf({ parts, request }: BuildRun): string {
  const { builderImage, pythonImage } = parts.host.settings;
  return `${request.version.manifest.pythonVersion} ${builderImage ?? pythonImage}`;
}
