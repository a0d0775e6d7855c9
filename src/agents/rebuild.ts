import { RunnerError } from "../lib/errors.ts";
import type { VersionRecord } from "../model/agent.ts";
import type { Agent } from "./agent.ts";
import type { Instance } from "../instance/instance.ts";
import type { AgentsContext } from "./context.ts";

/** What a build that used all of its time has to say at which step it was, milliseconds. */
const LAST_WORDS_MS = 5_000;

type RebuildContext = Pick<AgentsContext, "builder" | "instances" | "store" | "clock" | "log"> & {
  engine: Pick<AgentsContext["engine"], "imageExists">;
};

/**
 * Starts a version that was built before, its stopped container or a fresh one. Where its image was removed from the
 * engine, that is built again from the version's own files and with the packages that it had. Rejects as the start
 * does, or as the build did; with the signal's reason when that aborts.
 */
export async function bringUp(
  context: RebuildContext,
  agent: Agent,
  { version, signal }: { version: VersionRecord; signal: AbortSignal },
): Promise<Instance> {
  // A container of the same name may be on its way out.
  await agent.retiring.get(version.version)?.done;
  try {
    return await context.instances.wake(agent.id, version, signal);
  } catch (error) {
    // Looked for after the failure alone: a look is a process, and the image is nearly always there.
    const isRefused = error instanceof RunnerError && error.code === "CONTAINER_ERROR";
    if (!isRefused || (await context.engine.imageExists(version.image))) throw error;
  }
  const rebuilt = await rebuild(context, agent, { version, signal });
  return context.instances.start(agent.id, rebuilt, { signal, boost: true });
}

async function rebuild(
  { builder, store, clock, log }: RebuildContext,
  agent: Agent,
  { version, signal }: { version: VersionRecord; signal: AbortSignal },
): Promise<VersionRecord> {
  const { timeoutMs } = builder;
  const tooLate = new AbortController();
  const cancel = clock.timer(timeoutMs + LAST_WORDS_MS, () => tooLate.abort(timedOut(timeoutMs)));
  log.info({ agent_id: agent.id, version: version.version }, "its image is gone: building it again");
  try {
    const build = await builder.build({
      agentId: agent.id,
      version,
      tree: store.treeDir(agent.id, version),
      signal: AbortSignal.any([signal, tooLate.signal]),
      onEvent: () => undefined,
    });
    const record = {
      ...version,
      image_id: build.imageId,
      bases: build.bases,
      resolution_key: build.resolutionKey,
      warnings: [...new Set([...version.warnings, ...build.warnings])],
    };
    await store.writeVersion(agent.id, record);
    agent.versions = agent.versions.map((it) => (it.version === record.version ? record : it));
    return record;
  } catch (error) {
    throw signal.aborted ? error : explained(agent, version, error);
  } finally {
    cancel();
  }
}

/** Waiting for the turn counts as well: whoever waits for the agent waits for both. */
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
