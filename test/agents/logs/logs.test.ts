import { expect, test } from "bun:test";

import { followLines } from "../../../src/agents/logs/logs.ts";
import { createSharedLogs } from "../../../src/agents/logs/shared-logs.ts";
import { runningAgent } from "../../helpers/agent-parts.ts";
import { eventually } from "../../helpers/eventually.ts";
import { specOf, versionRecord } from "../../helpers/records.ts";

const out = (text: string) => ({ stream: "stdout" as const, text });

/** An agent that runs, whose log somebody follows; with the means to start more of its instances. */
async function followed() {
  const { parts, agent, engine, clock, made, instance } = await runningAgent();
  const logParts = { ...parts, sharedLogs: createSharedLogs({ engine, clock }) };
  const leaving = new AbortController();
  const lines: string[] = [];
  const reading = (async () => {
    const following = followLines(logParts, agent, { tail: 100, signal: leaving.signal });
    for await (const { message } of following) lines.push(message);
  })();
  const startOne = async (number: number, version = agent.currentVersion) => {
    const name = parts.names.container("echo", version.version, number);
    engine.images.set(version.image, {});
    await engine.startContainer({ ...specOf(version.version), name });
    engine.print(name, out(`the start of ${number}`));
    agent.replicas.serves(
      agent.replicas.add({ version: version.version, number }),
      made(version, { name }, number),
    );
    return name;
  };
  return { agent, engine, lines, reading, leaving, startOne, first: instance.container.name };
}

test("the log that is followed is that of instances too that come later, from their first line on", async () => {
  const { engine, lines, leaving, reading, startOne, first } = await followed();
  engine.print(first, out("one"));
  await eventually(() => expect(lines).toEqual(["one"]));
  const second = await startOne(2);
  await eventually(() => expect(lines).toEqual(["one", "the start of 2"]));
  engine.print(second, out("two"));
  await eventually(() => expect(lines.at(-1)).toBe("two"));
  engine.print(first, out("three"));
  await eventually(() => expect(lines.at(-1)).toBe("three"));
  leaving.abort();
  await reading.catch(() => undefined);
  expect(lines).toEqual(["one", "the start of 2", "two", "three"]);
});

test("instances of another version do not join, and the log ends when those of this one have", async () => {
  const { engine, lines, reading, startOne, first } = await followed();
  engine.print(first, out("one"));
  await eventually(() => expect(lines).toEqual(["one"]));
  await startOne(2, versionRecord(2));
  const second = await startOne(2);
  await eventually(() => expect(lines).toHaveLength(2));
  for (const name of [first, second]) engine.kill(name, 9);
  await reading;
  expect(lines).toEqual(["one", "the start of 2"]);
});
