import type { Containment } from "../model/containment.ts";
import type { EngineStorage } from "../model/engine-disk.ts";
import type { EngineOffers, RegistryOffers } from "../model/engine-offers.ts";
import type { Workload } from "./workload.ts";
import type { BuildRequest, BuiltImage, ExportRequest, WheelRequest } from "./build-types.ts";

export type {
  BuildContext,
  BuildEvent,
  BuildInputs,
  BuildRequest,
  BuildWatch,
  BuiltImage,
  ExportRequest,
  WheelLimits,
  WheelRequest,
} from "./build-types.ts";
export type {
  Abilities,
  ContainerSpec,
  ContainerState,
  EngineEvent,
  Identity,
  ListedContainer,
  OutputLine,
  ResourceUse,
  RunningContainer,
  VolumeMount,
  Workload,
} from "./workload.ts";

/**
 * What the rest of the runner sees of the container engine. `agents/` imports this file and no other of `docker/`,
 * so that a second backend fits behind it.
 */
export type Engine = EngineStorage &
  Workload & {
    /** Rejects with ENGINE_UNAVAILABLE when the engine does not answer. */
    ping(): Promise<{ version: string }>;
    /** What the CLI and the engine have, asked anew. Rejects with ENGINE_UNAVAILABLE when the engine does not answer. */
    offers(): Promise<EngineOffers>;
    /** Creates the agents' network if it does not exist, and contains it. */
    ensureNetwork(): Promise<void>;
    /** Rejects if there is one in which agents cannot run. */
    networkExists(): Promise<boolean>;
    /** Looks whether agents are kept from the host and its networks, and mends what is missing. */
    contain(): Promise<Containment>;
    /** What the last look found. */
    containment(): Promise<Containment>;

    /** The claims of all runners that use the engine. */
    claims(): Promise<ListedClaim[]>;
    /** Writes a claim, unless there is one of the same runner and generation. */
    claim(claim: Claim): Promise<void>;
    /** Shows those who wait for a claim that its holder lives. False if there is no such claim any more. */
    beat(claim: Pick<Claim, "runnerId" | "generation">): Promise<boolean>;
    /** Removes a claim. One that does not exist is no error. */
    releaseClaim(claim: Pick<Claim, "runnerId" | "generation">): Promise<void>;
    /** The agents of the containers of all runners that use the engine, one for each container. */
    agentsOfAll(): Promise<{ runnerId: string; agentId: string }[]>;

    /** What is kept of this runner's records. */
    records(): Promise<KeptRecord[]>;
    /** Keeps a text of a record under a name, unless there is one of its number: undefined then. */
    keepRecord(record: Omit<KeptRecord, "name">): Promise<string | undefined>;
    /** Removes texts of records. One that does not exist is no error. */
    dropRecords(names: string[]): Promise<void>;

    buildImage(request: BuildRequest): Promise<BuiltImage>;
    /** Builds one stage of a Dockerfile and writes its files into `directory`; makes no image. */
    exportStage(request: ExportRequest): Promise<void>;
    /**
     * Builds wheels from source. The packages' code runs in a container of its own, which reaches only the allowed hosts.
     * The files that come out are written into `outputDir`. Nothing of the build is left in the engine, even if it fails.
     */
    buildWheels(request: WheelRequest): Promise<void>;
    /** Removes what this runner's builds share or left: networks, the proxy, images without a name. Call it while no build runs. */
    removeBuildLeftovers(): Promise<void>;
    /** What images are built for, such as `linux/amd64`. */
    platform(): Promise<string>;
    /** Which user ids a container can have. */
    userIds(): Promise<UserIds>;
    imageExists(reference: string): Promise<boolean>;
    /** Whether the image's registry has it. Rejects when the registry does not answer. */
    imageInRegistry(reference: string): Promise<boolean>;
    /** Removes tags for good. A tag that does not exist is no error. */
    removeImages(references: string[]): Promise<void>;
    /** The same on this host alone, to make room: a registry that has the agents' images keeps them. */
    removeLocalImages(references: string[]): Promise<void>;
    /** The registry that has the agents' images; undefined where they stay on this host. Rejects if it cannot be used. */
    registryOffers(): Promise<RegistryOffers | undefined>;
    /** The references of the images that this runner built. */
    listImages(): Promise<string[]>;

    /** The volumes of this runner's agents. */
    listVolumes(): Promise<ListedVolume[]>;
    /** Bytes on disk by name, of those that exist and could be counted in a few seconds. `image` has the program that counts. */
    measureVolumes(what: { image: string; names: string[] }): Promise<Record<string, number>>;
    /** Removes volumes with all that is in them. One that does not exist is no error; one in use by a container is. */
    removeVolumes(names: string[]): Promise<void>;
  };

/** A claim under the name that it has in the engine. */
export type ListedClaim = Claim & {
  name: string;
  /** Another number after each beat. Undefined where there are none. */
  beat?: number | undefined;
};

/** A text of a record of the data directory, kept where the directory's loss does not reach. */
export type KeptRecord = {
  name: string;
  kind: "agent" | "version" | "secrets";
  agentId: string;
  /** Undefined for an agent's own. */
  version?: number | undefined;
  /** Of several texts of a record the highest one counts. */
  number: number;
  text: string;
};

/** What the engine remembers of a runner, beside its agents. */
export type Claim = {
  runnerId: string;
  /** The highest one counts. */
  generation: number;
  /** Who wrote it. */
  holder: string;
};

export type UserIds = {
  largest: number;
  /** A user of a container is another one on the host. */
  mapped: boolean;
};

export type ListedVolume = { name: string; agentId: string; path: string };
