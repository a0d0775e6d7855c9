import type { Failure } from "../../lib/failure.ts";
import type { ContainerSettings } from "../containers/container-args.ts";
import type { ContainmentSettings } from "../networks/containment.ts";
import type { DockerExecSettings } from "../exec.ts";
import type { SwarmSettings } from "../swarm/engine.ts";
import type { BuildEvent, Engine } from "../types.ts";

export type EngineSettings = {
  exec: DockerExecSettings;
  containers: ContainerSettings;
  containment: ContainmentSettings;
  /** Where agents run on the nodes of a swarm; undefined for this host. */
  swarm?: SwarmSettings | undefined;
  /** The niceness of commands, -20 to 19. */
  niceness: number;
};

/** The engine's methods that answer once, and those that give a stream. One in neither does not compile. */
export const CALLS = [
  "ping",
  "offers",
  "ensureNetwork",
  "networkExists",
  "claims",
  "claim",
  "beat",
  "releaseClaim",
  "records",
  "keepRecord",
  "dropRecords",
  "agentsOfAll",
  "contain",
  "containment",
  "buildImage",
  "exportStage",
  "buildWheels",
  "removeBuildLeftovers",
  "platform",
  "userIds",
  "imageExists",
  "imageInRegistry",
  "removeImages",
  "removeLocalImages",
  "registryOffers",
  "listImages",
  "storageRoot",
  "diskUsage",
  "pruneCache",
  "removeUnnamedImages",
  "startContainer",
  "containerFingerprint",
  "restartContainer",
  "limitCpus",
  "boostCpus",
  "cpuTimes",
  "deferCpus",
  "pauseContainer",
  "unpauseContainer",
  "stopContainer",
  "removeContainer",
  "inspectContainer",
  "listContainers",
  "listVolumes",
  "measureVolumes",
  "removeVolumes",
  "logs",
  "usage",
  "nodes",
  "setAvailability",
] as const satisfies (keyof Engine)[];
export const STREAMS = ["followLogs", "events"] as const satisfies (keyof Engine)[];

export type CallName = (typeof CALLS)[number];
export type StreamName = (typeof STREAMS)[number];

/**
 * Messages to the engine's thread. `id` names one call or stream. If the options have a signal or a listener
 * (`hooked`), these stay here, and the thread puts its own in their place.
 */
export type ToEngine =
  | { op: "open"; settings: EngineSettings }
  | { op: "call"; id: number; method: CallName; args: unknown[]; hooked: boolean }
  | { op: "stream"; id: number; method: StreamName; args: unknown[]; hooked: boolean }
  /** So many characters of items or events were taken. */
  | { op: "credit"; id: number; chars: number }
  | { op: "abort"; id: number }
  /** Ends everything that still runs; answered when it has ended. */
  | { op: "close"; id: number };

/** Messages from the thread. `value` is the result of a call, or one item of a stream. */
export type FromEngine = { id: number } & (
  | { kind: "event"; event: BuildEvent }
  | { kind: "item" | "result"; value: unknown }
  | { kind: "failure"; failure: Failure }
);

/** The most characters of a stream's items that are sent before the reader takes them; at least one item is. */
export const STREAM_WINDOW = 128 * 1024;

/** Of an item besides its text. */
const ITEM_OVERHEAD = 256;

export function itemSize(item: unknown): number {
  const text: unknown = typeof item === "object" && item !== null ? Reflect.get(item, "text") : undefined;
  return ITEM_OVERHEAD + (typeof text === "string" ? text.length : 0);
}
