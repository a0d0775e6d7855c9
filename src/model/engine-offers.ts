/** What the docker CLI and the engine have of what the runner needs. */
export type EngineOffers = {
  /** The engine's, such as `28.2.2`. */
  version: string;
  hasBuildx: boolean;
  /** The names of the OCI runtimes that the engine was told of. */
  runtimes: string[];
};

/** The registry that has the agents' images. */
export type RegistryOffers = {
  /** `host[:port][/path]`. */
  address: string;
  /** Whether the runner may remove images there. */
  removes: boolean;
};
