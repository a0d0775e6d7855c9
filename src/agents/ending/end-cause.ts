import type { ContainerState, Engine } from "../../docker/types.ts";
import type { Exits } from "../../instance/exits.ts";
import type { Instance, InstanceEnd } from "../../instance/instance.ts";
import { RunnerError } from "../../lib/errors.ts";
import { exitedWith } from "../../lib/exit-words.ts";

/** What is told to those whose request the end of an instance cut off. */
export function endError(agentId: string, { version }: Instance, cause: InstanceEnd): RunnerError {
  const { reason } = cause;
  if (reason === "oom") {
    const why = `ran out of memory (${version.manifest.memory} bytes). Raise \`memory\` in oken.toml.`;
    return new RunnerError("INVOKE_FAILED", `Agent ${agentId} ${why}`, { details: { reason } });
  }
  const exitCode = cause.reason === "exited" ? { exit_code: cause.exitCode } : {};
  const node = cause.reason === "node_lost" ? { node: cause.node } : {};
  return new RunnerError("INVOKE_FAILED", `Agent ${agentId} ${endInWords(cause)} during the invoke.`, {
    details: { reason, ...exitCode, ...node },
  });
}

/** The rest of a sentence that begins with the agent or its container. */
export function endInWords(cause: InstanceEnd): string {
  if (cause.reason === "exited") return exitedWith(cause.exitCode);
  if (cause.reason === "oom") return "ran out of memory";
  if (cause.reason === "disconnected") return "lost its network";
  if (cause.reason === "node_lost") return `was lost with its node ${cause.node}`;
  return cause.signal === undefined
    ? "was stopped"
    : `was stopped from outside the runner (signal ${cause.signal})`;
}

/** Nobody has told it to. */
export function isByItself({ reason }: InstanceEnd): boolean {
  return reason === "exited" || reason === "oom";
}

export type LookForEnd = (instance: Instance) => Promise<InstanceEnd | undefined>;

/** Looks as `lookForEnd` does, once at a time for each instance: a server that breaks connections off must not cost more. */
export function createSharedLook(engine: Pick<Engine, "inspectContainer">): LookForEnd {
  const underWay = new WeakMap<Instance, Promise<InstanceEnd | undefined>>();
  return (instance) => {
    const known = underWay.get(instance);
    if (known !== undefined) return known;
    const look = lookForEnd(engine, instance).finally(() => underWay.delete(instance));
    underWay.set(instance, look);
    return look;
  };
}

/** Asks the engine whether an instance has ended. Undefined if it has not, or if the engine does not answer. */
export async function lookForEnd(
  engine: Pick<Engine, "inspectContainer">,
  { container }: Instance,
): Promise<InstanceEnd | undefined> {
  try {
    return endOf(await engine.inspectContainer(container.name), container);
  } catch {
    return undefined;
  }
}

/**
 * Why an instance has ended between being ready and serving: the engine told of it while the instance was nobody's yet.
 * Undefined if it has not, which costs nothing to know.
 */
export async function endBeforeService(
  { engine, exits }: { engine: Pick<Engine, "inspectContainer">; exits: Pick<Exits, "lastAt" | "lostNode"> },
  instance: Instance,
): Promise<InstanceEnd | undefined> {
  const exitedAt = exits.lastAt(instance.container.id);
  if (exitedAt === undefined || exitedAt <= instance.since) return undefined;
  const node = exits.lostNode(instance.container.id);
  if (node !== undefined) return { reason: "node_lost", node };
  return lookForEnd(engine, instance);
}

function endOf(
  state: ContainerState | undefined,
  { id, address }: Instance["container"],
): InstanceEnd | undefined {
  if (state?.id !== id) return { reason: "stopped" };
  if (state.isLost) return { reason: "node_lost", node: state.node ?? "" };
  if (state.running) return state.address === address ? undefined : { reason: "disconnected" };
  return state.oomKilled ? { reason: "oom" } : { reason: "exited", exitCode: state.exitCode };
}
