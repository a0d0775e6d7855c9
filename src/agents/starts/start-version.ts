import { RunnerError } from "../../lib/errors.ts";
import type { VersionRecord } from "../../model/agent.ts";
import type { Span } from "../../tracing/span.ts";
import type { Agent, Instance } from "../agent.ts";
import type { AgentParts } from "../parts.ts";
import { type RebuildParts, rebuild } from "./rebuild.ts";

export type StartVersionParts = RebuildParts & {
  instances: Pick<AgentParts["instances"], "resume" | "restart" | "start">;
  engine: Pick<AgentParts["engine"], "imageExists">;
};

/** How much was there: its paused container, its stopped one, its image, or neither. */
export type StartTier = "unpause" | "restart" | "create" | "rebuild";

type StartedVersion = { instance: Instance; tier: StartTier };

export type VersionStart = {
  version: VersionRecord;
  /** Its instance, if that is paused. */
  paused?: Instance | undefined;
  signal: AbortSignal;
  /** A build is a span below it. */
  span?: Span | undefined;
};

/**
 * Starts a version that was built before: its paused container, its stopped one or a fresh one. Builds its image again
 * where that was removed from the engine. Rejects as the start or the build does; with the signal's reason when that
 * aborts.
 */
export async function startVersion(
  parts: StartVersionParts,
  agent: Agent,
  { version, paused, signal, span }: VersionStart,
): Promise<StartedVersion> {
  if (paused !== undefined && (await parts.instances.resume(agent.id, paused, signal))) {
    paused.touch();
    return { instance: paused, tier: "unpause" };
  }
  // A container of the same name may be on its way out.
  await agent.retirements.gone(version.version);
  try {
    const instance = await parts.instances.restart(agent.id, version, signal);
    return { instance, tier: instance.isFresh ? "create" : "restart" };
  } catch (error) {
    if (!(await isWithoutImage(parts, version, error))) throw error;
  }
  const rebuilt = await rebuild(parts, agent, { version, signal, span });
  return {
    instance: await parts.instances.start(agent.id, rebuilt, { signal, boost: true }),
    tier: "rebuild",
  };
}

/** Starts one more instance of a version that serves, and builds its image first where that was removed meanwhile. */
export async function startFurther(
  parts: StartVersionParts,
  agent: Agent,
  { version, ...options }: { version: VersionRecord; signal: AbortSignal; replica: number },
): Promise<Instance> {
  const boost = true;
  try {
    return await parts.instances.start(agent.id, version, { ...options, boost });
  } catch (error) {
    if (!(await isWithoutImage(parts, version, error))) throw error;
  }
  const rebuilt = await rebuild(parts, agent, { version, signal: options.signal });
  return parts.instances.start(agent.id, rebuilt, { ...options, boost });
}

/** Asked only after a failure: asking starts a process, and the image is nearly always there. */
async function isWithoutImage(
  { engine }: Pick<StartVersionParts, "engine">,
  { image }: VersionRecord,
  error: unknown,
): Promise<boolean> {
  const isRefused = error instanceof RunnerError && error.code === "CONTAINER_ERROR";
  return isRefused && !(await engine.imageExists(image));
}
