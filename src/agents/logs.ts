import type { OutputLine } from "../docker/types.ts";
import type { LogLine } from "../model/api-logs.ts";
import type { Agent } from "./agent.ts";
import type { AgentParts } from "./parts.ts";
import { joinPieces, keptLines, readLine } from "../instance/log-lines.ts";
import type { SharedLogs } from "./shared-logs.ts";

type LogParts = Pick<AgentParts, "engine" | "names"> & { sharedLogs: SharedLogs };

/** What the agent printed last, running or not: whole lines. */
export async function lastLines(
  { engine, names, sharedLogs }: LogParts,
  agent: Agent,
  tail: number,
): Promise<LogLine[]> {
  const container = names.container(agent.id, agent.currentVersion.version);
  // A failed start removed its container, but kept the last lines.
  if ((await engine.inspectContainer(container)) === undefined)
    return keptLines(agent.lastError?.log ?? "").slice(-tail);
  return joinPieces((await sharedLogs.logs(container, tail)).map(readLine));
}

/** The last lines, then new ones as they come. Throws AGENT_BUSY at once where too many follow. */
export function followLines(
  parts: LogParts,
  agent: Agent,
  options: { tail: number; signal: AbortSignal },
): AsyncIterable<LogLine> {
  const container = parts.names.container(agent.id, agent.currentVersion.version);
  return readLines(parts, agent, {
    ...options,
    container,
    lines: parts.sharedLogs.follow(container, options),
  });
}

async function* readLines(
  { engine }: LogParts,
  agent: Agent,
  { tail, container, lines }: { tail: number; container: string; lines: AsyncIterable<OutputLine> },
): AsyncGenerator<LogLine> {
  if ((await engine.inspectContainer(container)) === undefined) {
    yield* keptLines(agent.lastError?.log ?? "").slice(-tail);
    return;
  }
  for await (const line of lines) yield readLine(line);
}
