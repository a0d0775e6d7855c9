import type { BuildEvent } from "../../docker/types.ts";
import type { EntrypointType } from "../../model/manifest.ts";
import type { Span } from "../../tracing/span.ts";
import type { SentSecrets } from "../../upload/secrets.ts";
import type { Stopwatch } from "./stopwatch.ts";

export type Phase = "received" | "extracted" | "detected" | "building" | "starting" | "ready";

export type DeployEvent = { type: "phase"; phase: Phase } | { type: "warning"; message: string } | BuildEvent;

export type DeployRequest = {
  agentId: string;
  /** Undefined: the files of the version that serves. */
  archivePath: string | undefined;
  secrets: SentSecrets;
  /** Cancels the deploy; the version that serves stays. */
  signal?: AbortSignal | undefined;
  onEvent?: (event: DeployEvent) => void;
  /** That of the request: the deploy is below it, and may outlast it. */
  span?: Span | undefined;
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
  archivePath: string | undefined;
  /** All that the version is to have. */
  secrets: Record<string, string>;
  /** Whether secrets are gone only because somebody asked for that. */
  keepsSecrets: boolean;
  /** A directory of its own on the agents' file system, removed when the deploy ends. */
  staging: string;
  signal: AbortSignal;
  emit: (event: DeployEvent) => void;
  stopwatch: Stopwatch;
  /** That of the deploy. */
  span: Span | undefined;
};
