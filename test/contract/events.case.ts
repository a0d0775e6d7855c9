import { expect, test } from "bun:test";

import type { EngineEvent } from "../../src/docker/types.ts";
import { type CreateSubject, type Subject, specOf } from "./subject.ts";

/** A signal that programs ignore: it only shows that the engine's events are followed. */
const SIGWINCH = 28;

export function eventCases(create: CreateSubject): void {
  test("tells every exit, and the signals before it", async () => {
    await using subject = await create();
    await using container = await followed(subject);
    const { engine, outside } = subject;
    const { id, name, spec } = container;
    await outside.exit(name, 3);
    const events = await container.until(exitWith(3));
    await engine.restartContainer(spec);
    await engine.stopContainer(name, 10);
    await engine.restartContainer(spec);
    await engine.removeContainer(name);
    events.push(...(await container.until(exitWith(137))));
    // Engines differ in whether a container leaves the network before or after it exits.
    expect(events.filter(({ type }) => type !== "disconnect")).toEqual([
      { type: "exit", id, exitCode: 3 },
      { type: "signal", id, signal: 15 },
      { type: "exit", id, exitCode: 143 },
      { type: "signal", id, signal: 9 },
      { type: "exit", id, exitCode: 137 },
    ]);
  });

  test("tells that a container was paused, and that it goes on", async () => {
    await using subject = await create();
    await using container = await followed(subject);
    const { id, name } = container;
    await subject.outside.pause(name);
    await subject.outside.unpause(name);
    expect(await container.until(({ type }) => type === "unpause")).toEqual([
      { type: "pause", id },
      { type: "unpause", id },
    ]);
  });

  test("tells that memory ran out", async () => {
    await using subject = await create();
    await using container = await followed(subject);
    const { id, name } = container;
    await subject.outside.runOutOfMemory(name);
    expect(await container.until(({ type }) => type === "oom")).toContainEqual({ type: "oom", id });
  });

  test("tells that a container left the network, and that the network was removed", async () => {
    await using subject = await create();
    await using container = await followed(subject);
    const { id, name } = container;
    await subject.outside.disconnect(name);
    expect(await container.until(({ type }) => type === "disconnect")).toEqual([{ type: "disconnect", id }]);
    await subject.engine.removeContainer(name);
    await subject.outside.removeNetwork();
    const rest = await container.until(({ type }) => type === "network-removed");
    expect(rest.at(-1)).toEqual({ type: "network-removed" });
  });

  test("tells nothing of another runner's containers, and fails with the reason of its signal", async () => {
    await using subject = await create();
    await using other = await create();
    await using container = await followed(subject);
    const foreign = specOf(other);
    await other.engine.startContainer(foreign);
    await other.engine.removeContainer(foreign.name);
    await subject.engine.removeContainer(container.name);
    const events = await container.until(exitWith(137));
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
  const first = events.next().then(() => "told" as const);
  // The engine tells nothing from before it listens.
  for (let state: "sent" | "told" = "sent"; state === "sent";)
    state = await Promise.race([first, outside.signal(name, SIGWINCH).then(() => "sent" as const)]);
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
