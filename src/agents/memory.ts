import type { AgentParts } from "./parts.ts";

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
    const readings = registry.all().map(async ({ resident, load }) => {
      const use =
        resident === undefined ? undefined : await engine.usage(resident.container.id).catch(() => undefined);
      load.sawMemory(clock.now(), use?.memoryBytes);
    });
    await Promise.all(readings);
  };

  return () => {
    const now = clock.monotonic();
    if (latest === undefined || now - latest.at > FRESH_MS) latest = { at: now, done: read() };
    return latest.done;
  };
}
