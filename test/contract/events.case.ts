import { expect, test } from "bun:test";

import type { Abilities, EngineEvent } from "../../src/docker/types.ts";
import { type CreateSubject, type Subject, required, specOf } from "./subject.ts";

/** A signal that programs ignore: it only shows that the engine's events are followed. */
const SIGWINCH = 28;

export function eventCases(can: Abilities, create: CreateSubject): void {
  test("tells every exit, and the signals before it", async () => {
    await using subject = await create();
    await using container = await followed(subject);
    const { engine, outside, removesWith } = subject;
    const { id, name, spec } = container;
    await outside.exit(name, 3);
    const events = await container.until(exitWith(3));
    const second = await engine.restartContainer(spec);
    await engine.stopContainer(name, 10);
    events.push(...(await container.until(exitWith(143))));
    const third = await engine.restartContainer(spec);
    await engine.removeContainer(name);
    const last = 128 + removesWith;
    events.push(...(await container.until(exitWith(last))));
    // Engines differ in whether a container leaves the network before or after it exits.
    expect(events.filter(({ type }) => type !== "disconnect")).toEqual([
      { type: "exit", id, exitCode: 3 },
      { type: "signal", id: second?.id ?? id, signal: 15 },
      { type: "exit", id: second?.id ?? id, exitCode: 143 },
      { type: "signal", id: third?.id ?? id, signal: removesWith },
      { type: "exit", id: third?.id ?? id, exitCode: last },
    ]);
  });

  test.skipIf(!can.pause)("tells that a container was paused, and that it goes on", async () => {
    await using subject = await create();
    await using container = await followed(subject);
    const { id, name } = container;
    await required(subject.outside.pause)(name);
    await required(subject.outside.unpause)(name);
    expect(await container.until(({ type }) => type === "unpause")).toEqual([
      { type: "pause", id },
      { type: "unpause", id },
    ]);
  });

  test.skipIf(!can.outOfMemory)("tells that memory ran out", async () => {
    await using subject = await create();
    await using container = await followed(subject);
    const { id, name } = container;
    await required(subject.outside.runOutOfMemory)(name);
    expect(await container.until(({ type }) => type === "oom")).toContainEqual({ type: "oom", id });
  });

  test.skipIf(!can.egress)(
    "tells that a container left the network, and that the network was removed",
    async () => {
      await using subject = await create();
      await using container = await followed(subject);
      const { id, name } = container;
      await required(subject.outside.disconnect)(name);
      expect(await container.until(({ type }) => type === "disconnect")).toEqual([
        { type: "disconnect", id },
      ]);
      await subject.engine.removeContainer(name);
      await required(subject.outside.removeNetwork)();
      const rest = await container.until(({ type }) => type === "network-removed");
      expect(rest.at(-1)).toEqual({ type: "network-removed" });
    },
  );

  test("tells nothing of another runner's containers, and fails with the reason of its signal", async () => {
    await using subject = await create();
    await using other = await create();
    await using container = await followed(subject);
    const foreign = specOf(other);
    await other.engine.startContainer(foreign);
    await other.engine.removeContainer(foreign.name);
    await subject.engine.removeContainer(container.name);
    const events = await container.until(exitWith(128 + subject.removesWith));
    expect(new Set(events.map((event) => "id" in event && event.id))).toEqual(new Set([container.id]));
    container.leave(new Error("enough"));
    await expect(container.until(exitWith(0))).rejects.toThrow("enough");
  });
}

const exitWith = (code: number) => (event: EngineEvent) => event.type === "exit" && event.exitCode === code;

/** A container that runs, and what the engine tells from now on. */
async function followed({ engine, outside, ...subject }: Subject) {
  const spec = specOf({ engine, outside, ...subject });
  const { id, name } = await engine.startContainer(spec);
  const leaving = new AbortController();
  const events = engine.events({ signal: leaving.signal })[Symbol.asyncIterator]();
  if (outside.signal !== undefined) await untilListening(events, () => outside.signal?.(name, SIGWINCH));
  return {
    id,
    name,
    spec,
    /** The events so far, up to the one that fits. */
    async until(fits: (event: EngineEvent) => boolean): Promise<EngineEvent[]> {
      const told: EngineEvent[] = [];
      for (;;) {
        const { done, value } = await events.next();
        if (done) throw new Error("the events ended");
        if (value.type === "signal" && value.signal === SIGWINCH) continue;
        told.push(value);
        if (fits(value)) return told;
      }
    },
    leave: (reason: Error) => leaving.abort(reason),
    async [Symbol.asyncDispose]() {
      leaving.abort(new Error("the test is over"));
      await events.return?.().catch(() => undefined);
    },
  };
}

/** An engine tells nothing from before it listens: a signal is sent until the first has been told. */
async function untilListening(
  events: AsyncIterator<EngineEvent>,
  send: () => Promise<void> | undefined,
): Promise<void> {
  const first = events.next().then(() => "told" as const);
  for (let state: "sent" | "told" = "sent"; state === "sent";)
    state = await Promise.race([first, (send() ?? first).then(() => "sent" as const)]);
}
