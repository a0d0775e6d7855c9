/** What an engine says of its disk, and how room is made there. */
export type EngineStorage = {
  /** Where the engine keeps its data, a path of its host. */
  storageRoot(): Promise<string>;
  /** What this runner has on the engine's disk. It takes the engine seconds. */
  diskUsage(): Promise<EngineDisk>;
  /**
   * Removes records of the build cache, but for those in use and those that others stand on. Gives the bytes that it
   * freed.
   */
  pruneCache(ids: string[]): Promise<number>;
  /** Removes images without a name, by their ids. One that is gone is no error, one that a container uses is. */
  removeUnnamedImages(ids: string[]): Promise<void>;
};

/** What a runner has in the engine, as that counts it: in bytes of three or four digits. */
export type EngineDisk = {
  images: DiskImage[];
  containers: DiskContainer[];
  volumes: DiskVolume[];
  /** Of BuildKit's cache what builds of runners made; those of one engine share it. */
  cache: CacheRecord[];
};

export type DiskImage = {
  id: string;
  /** None of an image whose name another has now. */
  references: string[];
  /** What no other image has. */
  bytes: number;
  /** What other images have too. */
  sharedBytes: number;
  /** Containers that were made of it, running or not. */
  containers: number;
};

export type DiskContainer = {
  id: string;
  name: string;
  running: boolean;
  /** What was written into it, apart from its log. */
  bytes: number;
};

/** The data of an agent at one path. */
export type DiskVolume = { agentId: string; path: string; bytes: number };

export type CacheRecord = {
  id: string;
  /** They are kept as long as it is. */
  parents: string[];
  bytes: number;
  /** By a build that is under way. */
  isInUse: boolean;
  /** Its bytes are those of an image. */
  isShared: boolean;
  /** Wall clock, milliseconds. */
  lastUsed: number;
};
