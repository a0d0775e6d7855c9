/** What `oken.toml` says, with the defaults filled in. */
export type Manifest = {
  name: string;
  /** Minor version as `3.N`. */
  pythonVersion: string;
  /** Path of a file in the tarball, POSIX separators: `main.py`. */
  entrypointFile: string;
  /** The part after the colon of `module:attr`; undefined lets detection choose. */
  entrypointAttr: string | undefined;
  /** As written in `oken.toml`; undefined lets detection choose. */
  entrypointType: EntrypointType | undefined;
  /** Seconds idle before the container is stopped; 0 means never. */
  warmTimeout: number;
  /** Seconds idle before the container is paused. Undefined for never, and in older records. */
  pauseAfter?: number | undefined;
  /** Never asleep, and brought back when it dies. Undefined for no, and in older records. */
  keepWarm?: true | undefined;
  /** How many instances may serve at once; undefined for one, and in older records. */
  replicas?: ReplicaLimits | undefined;
  /** Requests inside one instance at a time. */
  concurrency: number;
  /** Seconds for one invoke. A cold start does not count. */
  timeout: number;
  /** Bytes. */
  memory: number;
  /** CPU cores, a fraction allowed. */
  cpus: number;
  /** Port the agent's own web server listens on. */
  port: number;
  healthPath: string;
  /** Undefined for the whole internet and nothing else, and in older records. */
  egress?: Egress | undefined;
  /** Plain variables of the agent's environment. */
  env?: Record<string, string> | undefined;
  /** What lists of agents can be narrowed by. */
  labels?: Record<string, string> | undefined;
  /** Directories that outlive the container, by path; undefined for none. */
  volumes?: Volume[] | undefined;
  /** On which nodes it runs; undefined for any, and where there is one host. */
  placement?: Placement | undefined;
  /** Debian packages, each perhaps with `=` and a version; undefined for none. */
  systemPackages?: string[] | undefined;
};

export type ReplicaLimits = {
  /** While it does not sleep. */
  min: number;
  /** Under load. */
  max: number;
};

export type Placement = {
  /** Those that a node must have, with these values. */
  labels: Record<string, string>;
};

export type Volume = {
  /** Absolute and normalised. */
  path: string;
  /** Bytes; undefined for as much as the disk has. */
  size?: number | undefined;
  /** Two versions may have it at once. */
  shared: boolean;
};

/** What an agent reaches. */
export type Egress = {
  /** Public addresses, nothing, or the hosts that are named. */
  mode: "internet" | "none" | "listed";
  /** Names such as `api.example.com`, `*.example.com` or `example.com:8443`. */
  hosts: string[];
  /** What it reaches beside that, as `lib/destinations.ts` writes it. */
  allow: string[];
};

export type EntrypointType = "handler" | "agent" | "http";
