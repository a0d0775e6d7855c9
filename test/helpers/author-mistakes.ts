import { expect } from "bun:test";

import type { Mistake } from "../fixtures/authors/mistakes.ts";
import { checkCall, filesOf, idOf } from "./author-cases.ts";
import { type TestRunner } from "./runner.ts";
import { readEvents } from "./sse.ts";
import { tarball } from "./tarball.ts";

/** Characters of a sentence that is read at a glance. */
const LONGEST_SENTENCE = 299;
/** How soon a mistake is told once it can be known, milliseconds. */
const SOON_MS = 5_000;

/** Makes a mistake, and compares what the author is told, and when. */
export async function checkMistake(runner: TestRunner, mistake: Mistake): Promise<void> {
  const id = idOf(mistake.name);
  if ("refused" in mistake) {
    const { error, code } = mistake.refused;
    const told = await refusal(runner, id, mistake);
    expect(told).toMatchObject({ error: error.replaceAll("{id}", id), code });
    expect(told.error.length).toBeLessThanOrEqual(LONGEST_SENTENCE);
    await checkSoon(runner, id, told.afterMs);
    return;
  }
  expect((await runner.deploy(id, filesOf(mistake), mistake.secrets)).body).toMatchObject({
    status: "running",
  });
  for (const call of mistake.calls) {
    const began = performance.now();
    await checkCall(runner, id, call);
    await checkSoon(runner, id, performance.now() - began);
    if ("error" in call) expect(call.error.length).toBeLessThanOrEqual(LONGEST_SENTENCE);
  }
  expect((await runner.request("DELETE", `/agents/${id}`)).status).toBe(204);
}

/**
 * Nothing is known before a container has started, which takes its time on a busy host: what comes later is compared with
 * a good agent, in the same minute.
 */
async function checkSoon(runner: TestRunner, id: string, ms: number): Promise<void> {
  if (ms < SOON_MS) return;
  const began = performance.now();
  const good = { "oken.toml": 'name = "Good"\n', "main.py": "def handler(input):\n    return 1\n" };
  expect((await runner.deploy(`good-${id}`, good)).status).toBe(200);
  expect(ms).toBeLessThan(SOON_MS + performance.now() - began);
}

type Told = {
  error: string;
  code: string;
  /** Milliseconds since the last thing that the deploy did. */ afterMs: number;
};

async function refusal(runner: TestRunner, id: string, mistake: Mistake): Promise<Told> {
  const form = new FormData();
  form.set("agent_id", id);
  form.set("tarball", new Blob([await tarball(filesOf(mistake))]), "agent.tar.gz");
  if (mistake.secrets !== undefined) form.set("secrets", JSON.stringify(mistake.secrets));
  const response = await fetch(`${runner.url}/deploy`, {
    method: "POST",
    headers: { accept: "text/event-stream" },
    body: form,
  });
  let last = performance.now();
  for await (const { event, data } of readEvents(response)) {
    if (event === "error") return { ...JSON.parse(data), afterMs: performance.now() - last };
    last = performance.now();
  }
  throw new Error(`the deploy of ${id} was not refused`);
}
