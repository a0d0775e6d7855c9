import type { BuildEvent } from "../../docker/types.ts";
import type { EntrypointType } from "../../model/manifest.ts";
import type { Stopwatch } from "./stopwatch.ts";

export type Phase = "received" | "extracted" | "detected" | "building" | "starting" | "ready";

export type DeployEvent = { type: "phase"; phase: Phase } | { type: "warning"; message: string } | BuildEvent;

export type DeployRequest = {
  agentId: string;
  archivePath: string;
  secrets: Record<string, string>;
  /** Cancels the deploy; the version that serves stays. */
  signal?: AbortSignal | undefined;
  onEvent?: (event: DeployEvent) => void;
};

export type DeployResult = {
  agent_id: string;
  status: "running";
  endpoint: string;
  version: number;
  entrypoint_type: EntrypointType;
  entrypoint_reason: string;
  dependency_style: string;
  unchanged: boolean;
  warnings: string[];
  /** Milliseconds of each part of the way. */
  timings_ms: Record<string, number>;
};

/** One deploy under way. */
export type DeployRun = {
  agentId: string;
  archivePath: string;
  secrets: Record<string, string>;
  /** A directory of its own on the agents' file system, removed when the deploy ends. */
  staging: string;
  signal: AbortSignal;
  emit: (event: DeployEvent) => void;
  stopwatch: Stopwatch;
};
