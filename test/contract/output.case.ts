import { expect, test } from "bun:test";

import type { OutputLine } from "../../src/docker/types.ts";
import { type CreateSubject, type Subject, specOf } from "./subject.ts";

const NO_SUCH_OBJECT = { code: "CONTAINER_ERROR", details: { reason: "no_such_object" } };
const NOBODY = "oken-test-nobody";

export function outputCases(create: CreateSubject): void {
  test("keeps the last lines of a container, also when it has stopped", async () => {
    await using subject = await create();
    const { engine } = subject;
    const name = await printing(subject, ["one", "two", "three"]);
    expect(await engine.logs(name, 2)).toEqual([out("two"), out("three")]);
    await engine.stopContainer(name, 0);
    expect(await engine.logs(name, 10)).toEqual([out("one"), out("two"), out("three")]);
  });

  test("tells standard output from standard error", async () => {
    await using subject = await create();
    const name = await printing(subject, []);
    const line: OutputLine = { stream: "stderr", text: "a warning" };
    await subject.outside.print(name, line);
    expect(await firstLine(subject, name)).toEqual(line);
    expect(await subject.engine.logs(name, 10)).toEqual([line]);
  });

  test("follows a container's lines from the last ones until it stops", async () => {
    await using subject = await create();
    const { engine, outside } = subject;
    const name = await printing(subject, ["one", "two"]);
    const { signal } = new AbortController();
    const lines: OutputLine[] = [];
    for await (const line of engine.followLogs(name, { tail: 1, signal })) {
      lines.push(line);
      if (line.text === "two") await outside.print(name, out("three"));
      else await outside.exit(name, 0);
    }
    expect(lines).toEqual([out("two"), out("three")]);
  });

  test("stops following when its signal aborts, with the signal's reason", async () => {
    await using subject = await create();
    const name = await printing(subject, ["one"]);
    const leaving = new AbortController();
    const following = async () => {
      for await (const _ of subject.engine.followLogs(name, { tail: 1, signal: leaving.signal }))
        leaving.abort(new Error("the reader left"));
    };
    await expect(following()).rejects.toThrow("the reader left");
  });

  test("has no lines of a missing container", async () => {
    await using subject = await create();
    const { signal } = new AbortController();
    await expect(subject.engine.logs(NOBODY, 1)).rejects.toMatchObject(NO_SUCH_OBJECT);
    const lines: OutputLine[] = [];
    const following = async () => {
      for await (const line of subject.engine.followLogs(NOBODY, { tail: 1, signal })) lines.push(line);
    };
    await expect(following()).rejects.toMatchObject(NO_SUCH_OBJECT);
    expect(lines).toEqual([]);
  });
}

const out = (text: string): OutputLine => ({ stream: "stdout", text });

/** The name of a container that has printed these lines. */
async function printing(subject: Subject, texts: string[]): Promise<string> {
  const { engine, outside } = subject;
  const spec = specOf(subject);
  await engine.startContainer(spec);
  for (const text of texts) await outside.print(spec.name, out(text));
  if (texts.length > 0) await untilPrinted(subject, spec.name, texts.length);
  return spec.name;
}

/** Waits until the engine has so many lines of a container. */
async function untilPrinted({ engine }: Subject, name: string, count: number): Promise<void> {
  let seen = 0;
  const { signal } = new AbortController();
  for await (const _ of engine.followLogs(name, { tail: count, signal })) {
    seen += 1;
    if (seen === count) return;
  }
}

async function firstLine({ engine }: Subject, name: string): Promise<OutputLine | undefined> {
  const { signal } = new AbortController();
  for await (const line of engine.followLogs(name, { tail: 1, signal })) return line;
  return undefined;
}
