import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";

/** How long a reading holds, milliseconds. */
const FRESH_MS = 4_000;

/** Reads what the containers of all running agents use, into their load. Callers share a reading. Never rejects. */
export function createMemoryReadings({
  registry,
  engine,
  clock,
}: Pick<AgentParts, "registry" | "engine" | "clock">): () => Promise<void> {
  let latest: { at: number; done: Promise<void> } | undefined;

  const read = async () => {
    const readings = registry.all().map(async (agent) => {
      agent.load.sawMemory(clock.now(), await memoryOf(engine, agent));
    });
    await Promise.all(readings);
  };

  return () => {
    const now = clock.monotonic();
    if (latest === undefined || now - latest.at > FRESH_MS) latest = { at: now, done: read() };
    return latest.done;
  };
}

/** Bytes that the agent's containers use; undefined if it has none, or of none that is known. */
export async function memoryOf(
  engine: Pick<AgentParts["engine"], "usage">,
  { resident, replicas }: Pick<Agent, "resident" | "replicas">,
): Promise<number | undefined> {
  if (resident === undefined) return undefined;
  const uses = await Promise.all(
    [resident, ...replicas.running].map(({ container }) => engine.usage(container.id).catch(() => undefined)),
  );
  const known = uses.flatMap((use) => use?.memoryBytes ?? []);
  return known.length === 0 ? undefined : known.reduce((total, bytes) => total + bytes, 0);
}
