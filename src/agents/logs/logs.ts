import type { OutputLine } from "../../docker/types.ts";
import { joinPieces, keptLines, readLine } from "../../instance/log-lines.ts";
import { type LogLine, MAX_TAIL } from "../../model/api-logs.ts";
import type { Agent, Instance } from "../agent.ts";
import { type Joining, asTheyCome, inOrder } from "./merged-lines.ts";
import type { AgentParts } from "../parts.ts";
import type { SharedLogs } from "./shared-logs.ts";

type LogParts = Pick<AgentParts, "engine" | "names"> & { sharedLogs: SharedLogs };

/** What the agent printed last, running or not: whole lines, those of all its instances in the order of their times. */
export async function lastLines(parts: LogParts, agent: Agent, tail: number): Promise<LogLine[]> {
  const containers = containersOf(parts, agent);
  // A failed start removed its container, but kept the last lines.
  if (await isGone(parts, containers)) return keptLines(agent.lastError?.log ?? "").slice(-tail);
  const logs = await Promise.all(
    containers.map(async (container) =>
      joinPieces((await parts.sharedLogs.logs(container, tail)).map(readLine)),
    ),
  );
  return inOrder(logs).slice(-tail);
}

type Follow = { tail: number; signal: AbortSignal };

/**
 * The last lines, then new ones as they come, of the instances that there are and of those of their version that begin
 * to serve beside them. Throws AGENT_BUSY at once where too many follow.
 */
export function followLines(parts: LogParts, agent: Agent, options: Follow): AsyncIterable<LogLine> {
  const containers = containersOf(parts, agent);
  const logs = containers.map((container) => parts.sharedLogs.follow(container, options));
  const lines = asTheyCome(logs, newcomers(parts, agent, options));
  return readLines(parts, agent, { tail: options.tail, containers, lines });
}

/** The logs of further instances, from their first line on. */
function newcomers({ sharedLogs }: LogParts, agent: Agent, { signal }: Follow): Joining<OutputLine> {
  const version = agent.resident?.version.version;
  const known = new Set(agent.replicas.running);
  // What refuses it does so to its reader, and not to whoever starts instances.
  async function* wholeLog({ container }: Instance) {
    yield* sharedLogs.follow(container.name, { tail: MAX_TAIL, signal });
  }
  return (join) => {
    const joinIfNew = (instance: Instance) => {
      if (known.has(instance) || instance.version.version !== version) return;
      known.add(instance);
      join(wholeLog(instance));
    };
    agent.replicas.running.forEach(joinIfNew);
    return agent.replicas.onServe(joinIfNew);
  };
}

async function* readLines(
  parts: LogParts,
  agent: Agent,
  { tail, containers, lines }: { tail: number; containers: string[]; lines: AsyncIterable<OutputLine> },
): AsyncGenerator<LogLine> {
  if (await isGone(parts, containers)) {
    yield* keptLines(agent.lastError?.log ?? "").slice(-tail);
    return;
  }
  for await (const line of lines) yield readLine(line);
}

/** The names of those that run, or else of the one that was kept. */
function containersOf({ names }: LogParts, { id, currentVersion, resident, replicas }: Agent): string[] {
  if (resident === undefined) return [names.container(id, currentVersion.version)];
  return [resident, ...replicas.running].map(({ container }) => container.name);
}

/** One that is gone beside others is none of their reader's business. */
async function isGone({ engine }: LogParts, [only = "", ...others]: string[]): Promise<boolean> {
  return others.length === 0 && (await engine.inspectContainer(only)) === undefined;
}
