import { RunnerError } from "../errors.ts";
import type { Agent, CutOff, Instance } from "./agent.ts";
import type { AgentsContext } from "./context.ts";

/** Seconds an agent has between SIGTERM and SIGKILL, CONTRACT section 4. */
export const STOP_GRACE_SECONDS = 10;

/** Resolves when the last request has left the instance, or `timeoutMs` have passed. */
export async function drain(instance: Instance, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  if (instance.inFlight === 0 || timeoutMs <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  instance.onEmpty = resolve;
  signal?.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}

/** Lets an instance that no longer takes requests finish those inside it, then removes its container. */
export async function retire(
  { engine, log }: AgentsContext,
  agent: Agent,
  instance: Instance,
): Promise<void> {
  await drain(instance, instance.version.manifest.timeout * 1000);
  cutOff(instance, "replaced");
  try {
    await engine.stopContainer(instance.container.name, STOP_GRACE_SECONDS);
    await engine.removeContainer(instance.container.name);
  } catch (error) {
    log.error(
      { agent_id: agent.id, container: instance.container.name, err: error },
      "could not remove a retired container",
    );
  }
}

/**
 * Takes the instance out of service at once and stops its container, which stays for its log. Requests inside it have
 * the grace period: the runtime drains on SIGTERM.
 */
export async function putDown({ engine }: AgentsContext, agent: Agent): Promise<void> {
  const instance = agent.instance;
  agent.instance = undefined;
  if (instance === undefined) return;
  cutOff(instance, "stopped");
  await engine.stopContainer(instance.container.name, STOP_GRACE_SECONDS);
}

function cutOff({ onCutOff }: Instance, why: CutOff): void {
  for (const tell of onCutOff) tell(why);
}

export function supersededBy(what: string): () => RunnerError {
  return () => new RunnerError("DEPLOY_CONFLICT", `This deploy was superseded by ${what} of the same agent.`);
}
