import { type Agent, currentVersion } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import { plainLine, plainText } from "./log-lines.ts";

/** What the agent printed last, running or not. */
export async function lastLines(
  { engine, names }: AgentsContext,
  agent: Agent,
  tail: number,
): Promise<string> {
  const container = names.container(agent.id, currentVersion(agent).version);
  // A start that failed took its container with it; its last lines were kept.
  if ((await engine.inspectContainer(container)) === undefined) return agent.lastError?.log ?? "";
  return plainText(await engine.logs(container, tail));
}

/** The last lines, then new ones as they come. */
export async function* followLines(
  context: AgentsContext,
  agent: Agent,
  options: { tail: number; signal: AbortSignal },
): AsyncGenerator<string> {
  const { engine, names } = context;
  const container = names.container(agent.id, currentVersion(agent).version);
  if ((await engine.inspectContainer(container)) === undefined) {
    if (agent.lastError !== undefined) yield* agent.lastError.log.split("\n");
    return;
  }
  for await (const line of engine.followLogs(container, options)) yield plainLine(line);
}
