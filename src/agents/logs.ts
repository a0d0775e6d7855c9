import type { LogLine } from "../model/api-logs.ts";
import type { Agent } from "./agent.ts";
import type { AgentParts } from "./parts.ts";
import { keptLines, readLine } from "../instance/log-lines.ts";

type LogParts = Pick<AgentParts, "engine" | "names">;

/** What the agent printed last, running or not. */
export async function lastLines({ engine, names }: LogParts, agent: Agent, tail: number): Promise<LogLine[]> {
  const container = names.container(agent.id, agent.currentVersion.version);
  // A failed start removed its container, but kept the last lines.
  if ((await engine.inspectContainer(container)) === undefined)
    return keptLines(agent.lastError?.log ?? "").slice(-tail);
  return (await engine.logs(container, tail)).map(readLine);
}

/** The last lines, then new ones as they come. */
export async function* followLines(
  { engine, names }: LogParts,
  agent: Agent,
  options: { tail: number; signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const container = names.container(agent.id, agent.currentVersion.version);
  if ((await engine.inspectContainer(container)) === undefined) {
    yield* keptLines(agent.lastError?.log ?? "").slice(-options.tail);
    return;
  }
  for await (const line of engine.followLogs(container, options)) yield readLine(line);
}
