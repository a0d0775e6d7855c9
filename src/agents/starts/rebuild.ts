import { RunnerError } from "../../lib/errors.ts";
import type { VersionRecord } from "../../model/agent.ts";
import { type Span, traced } from "../../tracing/span.ts";
import type { Agent } from "../agent.ts";
import { ownSource } from "./own-source.ts";
import type { AgentParts } from "../parts.ts";

/** A build that runs out of time gets so much longer to name the step it was at, milliseconds. */
const LAST_WORDS_MS = 5_000;

export type RebuildParts = Pick<AgentParts, "builder" | "store" | "clock" | "log">;

/** Builds the image of a version again from the version's own files, with the packages that it had. */
export async function rebuild(
  { builder, store, clock, log }: RebuildParts,
  agent: Agent,
  { version, signal, span }: { version: VersionRecord; signal: AbortSignal; span?: Span | undefined },
): Promise<VersionRecord> {
  const tooLate = new AbortController();
  const { timeoutMs } = builder;
  const cancelTimer = clock.timer(timeoutMs + LAST_WORDS_MS, () => tooLate.abort(timedOut(timeoutMs)));
  log.info({ agent_id: agent.id, version: version.version }, "its image is gone: building it again");
  const building = span?.child("build");
  try {
    const tree = await ownSource(store, agent.id, version);
    const build = await traced(building, () =>
      builder.build({
        agentId: agent.id,
        version,
        tree,
        signal: AbortSignal.any([signal, tooLate.signal]),
        onEvent: () => undefined,
        span: building,
      }),
    );
    const record = {
      ...version,
      image_id: build.imageId,
      bases: build.bases,
      resolution_key: build.resolutionKey,
      ...(build.systemPackages === undefined ? {} : { system_packages: build.systemPackages }),
      warnings: [
        ...new Set([
          ...version.warnings,
          ...build.warnings,
          ...changedPackages(version, build.systemPackages),
        ]),
      ],
    };
    await store.writeVersion(agent.id, record);
    agent.rebuilt(record);
    return record;
  } catch (error) {
    throw signal.aborted ? error : explained(agent, version, error);
  } finally {
    cancelTimer();
  }
}

/** Debian keeps the newest version of a package only. */
function changedPackages(
  { system_packages = {} }: VersionRecord,
  now: Record<string, string> = {},
): string[] {
  return Object.entries(now).flatMap(([name, version]) => {
    const before = system_packages[name];
    if (before === undefined || before === version) return [];
    return `The Debian package ${name} is ${version} since the image was built again; it was ${before}.`;
  });
}

/** The wait for the build's turn counts too: the invoke waits for both. */
function timedOut(timeoutMs: number): RunnerError {
  return new RunnerError("BUILD_TIMEOUT", `it did not end within ${timeoutMs / 1000} s.`, {
    details: { class: "timeout", step: "", log: "" },
  });
}

function explained(agent: Agent, { version }: VersionRecord, error: unknown): unknown {
  if (!(error instanceof RunnerError)) return error;
  const what = `The image of agent ${agent.id}, version ${version}, was gone, and building it again failed`;
  return new RunnerError(error.code, `${what}: ${error.message}`, {
    status: error.status,
    headers: error.headers,
    cause: error,
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}
