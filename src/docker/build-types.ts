/** A named directory that a build can copy from. Its base name must be unique to its content: BuildKit goes by that. */
export type BuildContext = { name: string; directory: string };

/** What every build reads. */
export type BuildInputs = {
  /** Path of the Dockerfile, outside every context. */
  dockerfile: string;
  /** Directory of the main context; the same rule holds for its base name. */
  context: string;
  contexts: BuildContext[];
  buildArgs: Record<string, string>;
  /** Files that are mounted as build secrets, by id. A path may hold no comma and no quote. */
  secretFiles: Record<string, string>;
  /** A step asks package indexes, and what an upload names. */
  fetches?: boolean;
};

/** How a build is watched and ended. */
export type BuildWatch = {
  /** Whole milliseconds. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  onEvent?: ((event: BuildEvent) => void) | undefined;
};

/** Builds the last stage and tags it. */
export type BuildRequest = BuildWatch & { inputs: BuildInputs; tag: string; labels: Record<string, string> };

export type ExportRequest = BuildWatch & { inputs: BuildInputs; target: string; directory: string };

export type WheelRequest = BuildWatch & {
  /** No secret is mounted. */
  inputs: BuildInputs;
  programs: WheelPrograms;
  labels: Record<string, string>;
  /** Whose user the packages' code has; undefined for the image's. */
  userId: number | undefined;
  limits: WheelLimits;
  outputDir: string;
};

/** The commands that run in the image. */
export type WheelPrograms = {
  build: [string, ...string[]];
  /** The only way out for `build`. */
  gateway: [string, ...string[]];
  /** Tells the gateway's program what to let through. It may hold credentials; the build never sees it. */
  gatewayConfig: string;
};

export type WheelLimits = {
  /** Bytes, including the files in the working directory. */
  memory: number;
  cpus: number;
  processes: number;
  /** Bytes of all the files that come out. */
  output: number;
};

export type BuildEvent =
  | { type: "step"; name: string; status: "started" | "done" | "cached" | "failed"; ms?: number }
  | { type: "log"; line: string };

export type BuiltImage = {
  /** `sha256:…` of the image's configuration. */
  imageId: string;
  /**
   * By the reference in each `FROM`: the digest that it resolved to, or the image's id if it is only in the engine.
   */
  bases: Record<string, string>;
};
