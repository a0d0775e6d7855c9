import type { LogLine } from "../model/api-logs.ts";
import { type Agent, currentVersion } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import { keptLines, readLine } from "../instance/log-lines.ts";

/** What the agent printed last, running or not. */
export async function lastLines(
  { engine, names }: AgentsContext,
  agent: Agent,
  tail: number,
): Promise<LogLine[]> {
  const container = names.container(agent.id, currentVersion(agent).version);
  // A start that failed took its container with it; its last lines were kept.
  if ((await engine.inspectContainer(container)) === undefined)
    return keptLines(agent.lastError?.log ?? "").slice(-tail);
  return (await engine.logs(container, tail)).map(readLine);
}

/** The last lines, then new ones as they come. */
export async function* followLines(
  context: AgentsContext,
  agent: Agent,
  options: { tail: number; signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const { engine, names } = context;
  const container = names.container(agent.id, currentVersion(agent).version);
  if ((await engine.inspectContainer(container)) === undefined) {
    yield* keptLines(agent.lastError?.log ?? "").slice(-options.tail);
    return;
  }
  for await (const line of engine.followLogs(container, options)) yield readLine(line);
}
