import type { Agent } from "./agent.ts";
import type { CutOff, Instance } from "../instance/instance.ts";
import type { AgentsContext } from "./context.ts";

/** Seconds an agent has between SIGTERM and SIGKILL, CONTRACT section 4. */
export const STOP_GRACE_SECONDS = 10;

type RetireContext = Pick<AgentsContext, "log"> & {
  engine: Pick<AgentsContext["engine"], "stopContainer" | "removeContainer">;
};

/** Resolves when the last request has left the instance, `timeoutMs` have passed, or `signal` aborts. */
export async function drain(instance: Instance, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  if (instance.inFlight === 0 || timeoutMs <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  instance.onEmpty = resolve;
  signal?.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  instance.onEmpty = undefined;
  clearTimeout(timer);
}

/**
 * Lets an instance that no longer takes requests finish those inside it, then removes its container. Until it is being
 * stopped it can be recalled: a version that is rolled back to may have requests inside from before.
 */
export function retire(context: RetireContext, agent: Agent, instance: Instance): Promise<void> {
  const recalling = new AbortController();
  let isStopping = false;
  const work = async () => {
    await drain(instance, instance.version.manifest.timeout * 1000, recalling.signal);
    if (recalling.signal.aborted) return;
    isStopping = true;
    cutOff(instance, "replaced");
    await removeContainer(context, agent, instance.container.name);
  };
  const recall = () => {
    if (isStopping) return undefined;
    recalling.abort();
    return instance;
  };
  return track(agent, instance.version.version, { work, recall });
}

/** Removes the container in which a version sleeps that is no longer the current one. */
export function removeSleeping(
  context: RetireContext,
  agent: Agent,
  { version, container }: { version: number; container: string },
): Promise<void> {
  const work = async () => {
    await agent.settling;
    await removeContainer(context, agent, container);
  };
  return track(agent, version, { work, recall: () => undefined });
}

/** Has whoever starts the version again wait for the end of a start of it that was overtaken. */
export function awaitEnd(agent: Agent, version: number, ended: Promise<void>): void {
  void track(agent, version, { work: () => ended, recall: () => undefined });
}

/**
 * Takes the instance out of service at once and stops its container, which stays for its log. Requests inside it have
 * the grace period: the runtime drains on SIGTERM.
 */
export async function putDown({ engine }: AgentsContext, agent: Agent): Promise<void> {
  const instance = agent.instance;
  agent.instance = undefined;
  if (instance === undefined) return;
  const { container, version } = instance;
  cutOff(instance, "stopped");
  await engine.stopContainer(container.name, STOP_GRACE_SECONDS);
  // Without it the next start takes longer, and that is all.
  await engine.boostCpus(container.id, version.manifest.cpus).catch(() => undefined);
}

function cutOff({ onCutOff }: Instance, why: CutOff): void {
  for (const tell of onCutOff) tell(why);
}

/** Whoever starts the version again waits for this, since its container's name is the same. */
function track(
  agent: Agent,
  version: number,
  { work, recall }: { work: () => Promise<void>; recall: () => Instance | undefined },
): Promise<void> {
  const forget = () => {
    if (agent.retiring.get(version) === retirement) agent.retiring.delete(version);
  };
  const retirement = { done: work().finally(forget), recall };
  agent.retiring.set(version, retirement);
  return retirement.done;
}

async function removeContainer(
  { engine, log }: RetireContext,
  agent: Agent,
  container: string,
): Promise<void> {
  try {
    await engine.stopContainer(container, STOP_GRACE_SECONDS);
    await engine.removeContainer(container);
  } catch (error) {
    log.error({ agent_id: agent.id, container, err: error }, "could not remove a retired container");
  }
}
