/** Paths inside an image. The runtime inside the container relies on them. */
export const IMAGE_PATHS = {
  app: "/app",
  venv: "/opt/venv",
  runtime: "/opt/oken/runtime",
  python: "/usr/local/bin/python3",
  /** Programs and inputs for building packages from source. */
  builder: "/opt/oken/builder",
} as const;

/** Names of the build's contexts; each is a directory of its own. */
export const CONTEXTS = {
  runtime: "oken-runtime",
  /** What resolving and installing read. */
  dependencies: "oken-deps",
  /** Wheels of the upload. */
  files: "oken-files",
  /** The host's folder of wheels. */
  findLinks: "oken-wheels",
  /** Wheels that were built from source for this agent. */
  built: "oken-built",
  /** Makes the upload's own projects known to the interpreter. */
  site: "oken-site",
  /** Programs and inputs of the container that builds packages from source. */
  builder: "oken-builder",
  /** Installs Debian packages. */
  system: "oken-system",
} as const;

/** Stages that a build may end with. */
export const TARGETS = {
  agent: "final",
  lock: "lock",
  builder: "builder",
  system: "system-versions",
} as const;
