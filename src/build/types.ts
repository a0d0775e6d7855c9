import type { BuildEvent, BuiltImage, Engine, Identity, WheelLimits } from "../docker/types.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { VersionRecord } from "../model/agent.ts";
import type { Entrypoint } from "../model/entrypoint.ts";
import type { Manifest } from "../model/manifest.ts";
import type { SyntaxProblem } from "../model/syntax.ts";
import type { Span } from "../tracing/span.ts";
import type { BuildSettings } from "./settings.ts";

export type BuildRequest = {
  agentId: string;
  /** What is built. A version that was built before has a `resolution_key`, and gets the same packages. */
  version: Pick<
    VersionRecord,
    | "version"
    | "user_id"
    | "spec_digest"
    | "tree_digest"
    | "image"
    | "manifest"
    | "entrypoint"
    | "resolution_key"
  >;
  /** Directory of the version's source; never written to. */
  tree: string;
  signal: AbortSignal;
  onEvent: (event: BuildEvent) => void;
  /** Settles when the version serves or has failed to start. Until then it holds its place in the queue. */
  startup?: Promise<unknown> | undefined;
  /** A wait for its turn is a span below it. */
  span?: Span | undefined;
};

export type Build = BuiltImage & {
  dependencyStyle: string;
  /** Names the packages that were installed. The version keeps it, for when it is built again. */
  resolutionKey: string;
  /** Versions of the Debian packages that were named; undefined where none were. */
  systemPackages?: Record<string, string> | undefined;
  warnings: string[];
};

/** What of a manifest goes into an image. */
export type BuildManifest = Pick<Manifest, "pythonVersion" | "systemPackages">;

/** A source as it was uploaded, before it is a version. */
export type BuildSource = {
  tree: string;
  manifest: BuildManifest;
  entrypoint: Pick<Entrypoint, "file">;
};

/** A module of an agent, and the Python that it will run with. */
export type CompileRequest = {
  agentId: string;
  /** `3.N`. */
  pythonVersion: string;
  source: Uint8Array;
  signal: AbortSignal;
};

/** Builds the images of versions. */
export type Builder = {
  /** Waits for its turn, then builds and tags. Rejects as `Engine.buildImage` and `BuildQueue.run` do. */
  build(request: BuildRequest): Promise<Build>;
  /**
   * Waits for its turn, then has the agent's Python compile a module. Undefined when it can, or gives no answer. Rejects
   * as `build` does.
   */
  compile(request: CompileRequest): Promise<SyntaxProblem | undefined>;
  /**
   * Digest of all that goes into the image of a source besides the source's own files. It covers the credentials of
   * indexes: without a key it is neither stored nor shown, since they could be guessed from it.
   */
  fingerprint(source: BuildSource): Promise<string>;
  /** Longest that one build may take once its turn has come. */
  readonly timeoutMs: number;
  /** How many builds run, and how many wait for their turn. */
  builds(): { running: number; waiting: number };
  /** Resolves when the background work of finished builds is done. */
  settled(): Promise<void>;
};

export type BuildEngine = Pick<Engine, "buildImage" | "exportStage" | "buildWheels" | "platform">;

export type BuildLimits = {
  maxBuilds: number;
  maxBuildQueue: number;
  /** Longest that one build may take, seconds. */
  buildTimeout: number;
  /** What building packages from source may use. */
  wheels?: WheelLimits | undefined;
};

/** What builds need to know of agents. */
export type BuildAgents = {
  /** An agent's own directory, which is removed with the agent. */
  directory(agentId: string): string;
  /** Where builds of a version write. Its parent exists, and is removed with the version. */
  scratchDirectory(agentId: string, version: number): string;
  /** Keys of the resolutions that the agent's versions were built with. */
  resolutionKeys(agentId: string): string[];
  /** Labels of an image or container. */
  labels(identity: Identity): Record<string, string>;
};

/** What a builder takes from the host that it runs on. */
export type BuilderHost = {
  engine: BuildEngine;
  settings: BuildSettings;
  limits: BuildLimits;
  agents: BuildAgents;
  /** The Python that runs inside containers, packed, and the directory in which builds find it. */
  runtime: { parent: string; files: () => Promise<Readonly<Record<string, string>>> };
  /** Where things lie for the length of a build; what a crash leaves there goes at the next start. */
  staging: string;
  /** Rejects with DISK_FULL when builds must end; undefined where nobody looks. */
  assertRoom?: (() => Promise<void>) | undefined;
  /** No build begins before: until then what an earlier process left is removed. */
  cleared: Promise<void>;
  clock: Clock;
  log: Log;
  metrics: Metrics;
};
