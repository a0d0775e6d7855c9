import type { Egress } from "../model/manifest.ts";
import type { Availability, Node } from "../model/node.ts";

/**
 * Where agents' containers run: in the engine of this host, or on the nodes of a swarm. What one can and another cannot is
 * in `can`; nobody guesses it from which one it is.
 */
export type Workload = {
  readonly can: Abilities;

  /**
   * Creates and starts a container. It replaces a container of the same name, and creates the agents' network if that
   * is gone. Other containers that have a volume of it which is not shared are stopped. When it fails, no container is
   * left.
   */
  startContainer(spec: ContainerSpec): Promise<RunningContainer>;
  /** Digest of everything that `startContainer` would tell the engine, with the settings of this runner. */
  containerFingerprint(spec: ContainerSpec): Promise<string>;
  /**
   * Starts a stopped container again, and unpauses a paused one. Undefined if the container or its network is gone, or if
   * it was disconnected from that: it must be replaced.
   */
  restartContainer(
    spec: Pick<ContainerSpec, "name" | "image" | "egress" | "volumes" | "ports">,
  ): Promise<RunningContainer | undefined>;
  /**
   * Limits a container to its CPUs; it may have started with all of the host's. A container that does not exist is no
   * error. Rejects when the limit could not be set.
   */
  limitCpus(id: string, cpus: number): Promise<void>;
  /** Lets a stopped container start with all of the host's CPUs, until `limitCpus`. */
  boostCpus(id: string, cpus: number): Promise<void>;
  /** The CPU time of running containers, milliseconds by id, as far as it can be seen from here. */
  cpuTimes(ids: string[]): Promise<Record<string, number>>;
  /**
   * Has a running container wait for all others that want a CPU, or no longer. Does nothing where the runner may not,
   * and to a container whose weight somebody has set.
   */
  deferCpus(id: string, isDeferred: boolean): Promise<void>;
  /** Freezes a container's processes, which keep their memory. Rejects where the runtime cannot, or it does not run. */
  pauseContainer(id: string): Promise<void>;
  /** Lets them go on; one that was not paused goes on anyway. False if the container does not run. */
  unpauseContainer(id: string): Promise<boolean>;
  /** Sends SIGTERM, and SIGKILL after `graceSeconds`, to a paused one too. A container that does not exist is no error. */
  stopContainer(name: string, graceSeconds: number): Promise<void>;
  /** Kills and removes a container. One that does not exist is no error. */
  removeContainer(name: string): Promise<void>;
  /** Undefined if there is none. */
  inspectContainer(name: string): Promise<ContainerState | undefined>;
  /** The containers that this runner started. */
  listContainers(): Promise<ListedContainer[]>;

  /** The last `tail` lines of a container that runs or has run, each whole, whatever its length. */
  logs(name: string, tail: number): Promise<OutputLine[]>;
  /** The last `tail` lines and those that follow, until the container stops or `signal` aborts. */
  followLogs(name: string, options: { tail: number; signal: AbortSignal }): AsyncIterable<OutputLine>;
  /** What happens to the runner's containers and their network, until `signal` aborts or the engine goes away. */
  events(options: { signal: AbortSignal }): AsyncIterable<EngineEvent>;
  /** What a running container uses, by its id. It answers at once, with undefined when that is not known yet. */
  usage(id: string): Promise<ResourceUse | undefined>;

  /** The hosts that containers may run on. Empty where there is this one alone. */
  nodes(): Promise<Node[]>;
  /**
   * Says what is started on a node from now on, and whether a drain of it is under way, for the runner that comes after
   * this one. Rejects with NOT_FOUND if there is none of that name or id.
   */
  setAvailability(node: string, availability: Availability, options?: { draining: boolean }): Promise<void>;
};

/** What a workload can do besides running containers. Nobody calls the methods for what it cannot. */
export type Abilities = {
  /** Freeze a container, and let it go on. */
  pause: boolean;
  /** Let a start have all of the host's CPUs, and one container wait for others that want them. */
  shareCpus: boolean;
  /** Run containers on several hosts: it has `nodes`, and each container says which one it is on. */
  nodes: boolean;
  /** Outlive the runner's host: keep its records, and tell other hosts whether it lives. */
  failOver: boolean;
  /** Give a container data that outlives it. */
  volumes: boolean;
  /** Let a container reach less than the internet: it is put in a network of those that reach the same. */
  egress: boolean;
  /** Tell that a container ended for want of memory, and not only that it was killed. */
  outOfMemory: boolean;
  /** Say what a container uses. */
  usage: boolean;
};

/** Which agent and version a container or an image belongs to. Its labels say so, and survive a restart. */
export type Identity = {
  agentId: string;
  version: number;
  /** Digest of everything that the version was made from. */
  spec: string;
  /** Its number among the containers of the version; undefined for the first. */
  replica?: number | undefined;
};

/** A line that a container's process wrote, without its newline. */
export type OutputLine = { stream: "stdout" | "stderr"; text: string };

export type ContainerSpec = {
  name: string;
  image: string;
  identity: Identity;
  /** Of the user and of its group. */
  userId: number;
  env: Record<string, string>;
  /** Host files or directories, read-only inside. */
  mounts: Mount[];
  /** Those that the runner connects to. */
  ports: number[];
  /** Each is made for its agent, and given to its user, before the container is created. */
  volumes?: VolumeMount[] | undefined;
  /** Labels that its node must have, with these values; undefined for any node. */
  placement?: Record<string, string> | undefined;
  /** What it reaches; undefined for the internet. Containers that reach the same share a network. */
  egress?: Egress | undefined;
  /** Bytes. */
  memory: number;
  cpus: number;
  /** Requests inside at a time: each may take a thread, and some open files. */
  concurrency: number;
  /** Start with all of the host's CPUs, where `limitCpus` can take them back. */
  boost: boolean;
};

export type Mount = {
  source: string;
  target: string;
  /** Nobody who may look at containers may read it. */
  isSecret: boolean;
};

export type VolumeMount = {
  /** In the engine. */
  name: string;
  /** In the container. */
  path: string;
  /** Bytes: the storage's own limit, where it has one. */
  size?: number | undefined;
  /** Other containers may have it at the same time. */
  shared: boolean;
};

export type RunningContainer = {
  id: string;
  name: string;
  /** On the agents' network, or that of the host which it is on. */
  address: string;
  /** Where at that address its ports are, by their numbers inside; undefined where they are the same. */
  ports?: Record<number, number> | undefined;
  /** The host that it is on, as it was called then; undefined where there is one host. */
  node?: string | undefined;
  /** Of that host, for good. */
  nodeId?: string | undefined;
};

export type ContainerState = RunningContainer & {
  /** A paused one runs too. */
  running: boolean;
  paused: boolean;
  exitCode: number;
  oomKilled: boolean;
  /** Its node is away: nobody knows whether it runs, and nobody reaches it. It does not count as running. */
  isLost?: true | undefined;
  /** ISO 8601. */
  startedAt: string;
  /** Undefined for a container that is not an agent's. */
  identity: Identity | undefined;
};

export type ListedContainer = RunningContainer & {
  running: boolean;
  paused: boolean;
  identity: Identity | undefined;
  /** Undefined if it may use all of the host's. */
  cpus: number | undefined;
};

/** `id` is the container's. Around its exit there is a `disconnect` too, before or after it. */
export type EngineEvent =
  | { type: "exit"; id: string; exitCode: number }
  /** Someone had the engine send it a signal: the runner, or an operator with `docker kill` or `docker stop`. */
  | { type: "signal"; id: string; signal: number }
  /** The kernel killed one of its processes for want of memory; perhaps not the main one. */
  | { type: "oom"; id: string }
  /** By the runner, or by an operator. A signal that ends a paused container unpauses it first. */
  | { type: "pause" | "unpause"; id: string }
  /** It has left the agents' network: its address can be another's. It may be another runner's container. */
  | { type: "disconnect"; id: string }
  /** Its host is away. It may run on there, but nobody reaches it, and it is ended when the host is back. */
  | { type: "node-lost"; id: string; node: string }
  | { type: "network-removed" };

export type ResourceUse = { memoryBytes: number; cpuPercent: number; processes: number };
