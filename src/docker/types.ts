/**
 * What the rest of the runner sees of the container engine. `agents/` imports this file and no other of `docker/`,
 * so that a second backend fits behind it.
 */
export type Engine = {
  /** Rejects with ENGINE_UNAVAILABLE when the engine does not answer. */
  ping(): Promise<EngineInfo>;
  /** Creates the agents' network when it is not there. */
  ensureNetwork(): Promise<void>;
  networkExists(): Promise<boolean>;

  buildImage(request: BuildRequest): Promise<BuiltImage>;
  /** Builds one stage of a Dockerfile and writes its files into `directory`; makes no image. */
  exportStage(request: ExportRequest): Promise<void>;
  /**
   * Runs package code to build wheels from source in a container of its own, which reaches the allowed hosts and nothing
   * else, and writes what comes out into `outputDir`. Whatever happens, nothing of it is left in the engine.
   */
  buildWheels(request: WheelRequest): Promise<void>;
  /** Removes networks that unfinished source builds of this runner left. Not while one runs. */
  removeBuildNetworks(): Promise<void>;
  /** What images are built for, such as `linux/amd64`. Rejects with ENGINE_UNAVAILABLE when the engine does not answer. */
  platform(): Promise<string>;
  imageExists(reference: string): Promise<boolean>;
  /** Removes tags that exist; a tag that is gone already is no error. */
  removeImages(references: string[]): Promise<void>;
  /** References of the images that this runner built. */
  listImages(): Promise<string[]>;

  /**
   * Creates and starts. One of that name that was left over is replaced, and the agents' network is made anew if it is
   * gone. On failure nothing of the container is left.
   */
  startContainer(spec: ContainerSpec): Promise<RunningContainer>;
  /** Digest of all that `startContainer` would tell the engine, the settings of this runner included. */
  containerFingerprint(spec: ContainerSpec): Promise<string>;
  /** Starts a stopped container again; undefined when it is gone. */
  restartContainer(name: string): Promise<RunningContainer | undefined>;
  /**
   * Holds a container to its processors, which may have started with all that the host has; one that is gone is no
   * error. Rejects when the limit does not hold.
   */
  limitCpus(id: string, cpus: number): Promise<void>;
  /** Has a stopped container start with all of the host's processors, until `limitCpus`. */
  boostCpus(id: string, cpus: number): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceSeconds`; a container that is gone already is no error. */
  stopContainer(name: string, graceSeconds: number): Promise<void>;
  /** Kills and removes; a container that is gone already is no error. */
  removeContainer(name: string): Promise<void>;
  /** Undefined when there is none. */
  inspectContainer(name: string): Promise<ContainerState | undefined>;
  /** The containers that this runner started. */
  listContainers(): Promise<ListedContainer[]>;

  /** The last `tail` lines of a container, running or not. */
  logs(name: string, tail: number): Promise<OutputLine[]>;
  /** Lines as they come, ending when the container stops or `signal` aborts. */
  followLogs(name: string, options: { tail: number; signal: AbortSignal }): AsyncIterable<OutputLine>;
  /** Exits of this runner's containers, until `signal` aborts or the engine goes away. */
  exits(options: { signal: AbortSignal }): AsyncIterable<ContainerExit>;
  /** What a running container uses, by its id. Answers at once: undefined where that is not known, or not yet. */
  usage(id: string): Promise<ResourceUse | undefined>;
};

/** Whose a container or an image is; kept as labels, so that a restart finds it again. */
export type Identity = {
  agentId: string;
  version: number;
  /** Digest of all that the version was made from. */
  spec: string;
};

/** A line that a container's process wrote, without its line end. */
export type OutputLine = { stream: "stdout" | "stderr"; text: string };

export type EngineInfo = { version: string };

/** A directory handed to the build under a name of its own. Its base name must be unique to its content. */
export type BuildContext = { name: string; directory: string };

/** What every build reads. */
export type BuildInputs = {
  /** Path of the Dockerfile, outside every context. */
  dockerfile: string;
  /** The main context; its base name must be unique to its content, since BuildKit tells contexts apart by it. */
  context: string;
  contexts: BuildContext[];
  buildArgs: Record<string, string>;
  /** Files mounted as build secrets, by id. Neither commas nor quotes in a path. */
  secretFiles: Record<string, string>;
};

/** How a build is watched while it goes on, and ended. */
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
  limits: WheelLimits;
  outputDir: string;
};

/** Programs in the image, as they are called. */
export type WheelPrograms = {
  build: [string, ...string[]];
  /** The only way out for `build`. */
  gateway: [string, ...string[]];
  /** What the gateway lets through, for its own program to read. May hold credentials; the build never sees it. */
  gatewayConfig: string;
};

export type WheelLimits = {
  /** Bytes, what is written to the working directory included. */
  memory: number;
  cpus: number;
  processes: number;
  /** Bytes of all that comes out. */
  output: number;
};

export type BuildEvent =
  | { type: "step"; name: string; status: "started" | "done" | "cached" | "failed"; ms?: number }
  | { type: "log"; line: string };

export type BuiltImage = {
  /** `sha256:…` of the image's configuration. */
  imageId: string;
  /** What each `FROM` came to, by the reference that was asked for: a digest, or the image's id when it is local. */
  bases: Record<string, string>;
};

export type ContainerSpec = {
  name: string;
  image: string;
  identity: Identity;
  env: Record<string, string>;
  /** Host files or directories, read-only inside. */
  mounts: { source: string; target: string }[];
  /** Bytes. */
  memory: number;
  cpus: number;
  /** Starts it with all of the host's processors, where `limitCpus` can take them back. */
  boost: boolean;
};

export type RunningContainer = {
  id: string;
  name: string;
  /** Address on the agents' network. */
  address: string;
};

export type ContainerState = RunningContainer & {
  running: boolean;
  exitCode: number;
  oomKilled: boolean;
  /** ISO 8601. */
  startedAt: string;
  /** Undefined for a container that is not an agent's. */
  identity: Identity | undefined;
};

export type ListedContainer = RunningContainer & {
  running: boolean;
  identity: Identity | undefined;
  /** Undefined for one that has all of the host's. */
  cpus: number | undefined;
};

export type ContainerExit = { id: string; name: string; exitCode: number };

export type ResourceUse = { memoryBytes: number; cpuPercent: number; processes: number };
