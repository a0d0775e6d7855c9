import { expect } from "bun:test";

import type { AuthorCase, Call } from "../fixtures/authors/case.ts";
import { eventually } from "./eventually.ts";
import type { TestRunner } from "./runner.ts";

/** What a terminal shows at a glance, characters; the agent's id may come on top. */
const LONGEST_SENTENCE = 300;

type ErrorBody = { error: string; code: string; details?: Record<string, unknown> };

/** Deploys the agent of a case, calls it, compares every answer, and removes it. */
export async function checkAuthorCase(runner: TestRunner, author: AuthorCase): Promise<void> {
  const id = idOf(author.name);
  const deployed = await runner.deploy(id, filesOf(author), author.secrets);
  if ("refused" in author) {
    const { status, code, error, reason } = author.refused;
    expect(deployed.body).toMatchObject({ error: error.replaceAll("{id}", id), code });
    expect(deployed.status).toBe(status);
    expect(deployed.body.error.length).toBeLessThan(LONGEST_SENTENCE + id.length);
    if (reason !== undefined) expect(deployed.body.details["reason"]).toBe(reason);
    return;
  }
  expect(deployed.body).toMatchObject({
    ...{ agent_id: id, status: "running", endpoint: `/invoke/${id}`, version: 1, unchanged: false },
    ...(author.type !== undefined && { entrypoint_type: author.type }),
  });
  for (const call of author.calls) await checkCall(runner, id, call);
  await eventually(async () => {
    const { body } = await runner.request("GET", `/logs/${id}`);
    const lines = String(body["logs"]).split("\n");
    for (const line of author.logs ?? []) expect(lines).toContain(line);
  });
  expect((await runner.request("DELETE", `/agents/${id}`)).status).toBe(204);
}

export function idOf(name: string): string {
  return name.replaceAll(/\W+/gu, "-");
}

export function filesOf({ name, files, toml, packages }: AuthorCase): Record<string, string> {
  return {
    "oken.toml": `name = ${JSON.stringify(name)}\n${toml ?? ""}`,
    ...(packages === undefined ? {} : { "requirements.txt": packages }),
    ...(typeof files === "string" ? { "main.py": files } : files),
  };
}

/** Makes one call of a deployed agent and compares its answer. */
export async function checkCall(runner: TestRunner, id: string, call: Call): Promise<void> {
  const response = await send(runner, id, call);
  if ("brokenAfter" in call) {
    expect(await readBroken(response)).toStartWith(call.brokenAfter);
    return;
  }
  const text = await response.text();
  // One comparison that shows the whole answer when it is another.
  expect({ call: call.input ?? call.path, status: response.status, body: bodyOf(call, text) }).toEqual({
    call: call.input ?? call.path,
    status: call.status ?? 200,
    body: expectedBody(call, id, text),
  });
  if ("answers" in call)
    for (const [name, value] of Object.entries(call.answers ?? {}))
      expect(response.headers.get(name)).toBe(value.replaceAll("{id}", id));
}

function send(runner: TestRunner, id: string, call: Call): Promise<Response> {
  const init = { headers: { ...call.headers }, redirect: "manual" } as const;
  if (call.path !== undefined) {
    return fetch(`${runner.url}/invoke/${id}${call.path}`, {
      ...init,
      method: call.method ?? "GET",
      ...(call.body !== undefined && { body: call.body }),
    });
  }
  return fetch(`${runner.url}/invoke/${id}`, {
    ...init,
    headers: { "content-type": "application/json", ...call.headers },
    method: "POST",
    body: call.body ?? JSON.stringify({ input: call.input ?? null }),
  });
}

function bodyOf(call: Call, text: string): unknown {
  if ("text" in call || "contains" in call) return text;
  try {
    const body: unknown = JSON.parse(text);
    return body;
  } catch {
    return text;
  }
}

function expectedBody(call: Call, id: string, text: string): unknown {
  if ("output" in call) return { output: call.output };
  if ("json" in call) return withId(call.json, id);
  if ("text" in call) return call.text;
  if ("contains" in call) return text.includes(call.contains) ? text : `… ${call.contains} …`;
  if (!("error" in call)) return undefined;
  const error: ErrorBody = {
    error: call.error.replaceAll("{id}", id),
    code: call.code ?? "INVOKE_FAILED",
  };
  return expect.objectContaining(
    call.details === undefined ? error : { ...error, details: expect.objectContaining(call.details) },
  );
}

function withId(value: unknown, id: string): unknown {
  const named: unknown = JSON.parse(JSON.stringify(value).replaceAll("{id}", id));
  return named;
}

/** What came before the connection was cut; a clean end is a failure. */
async function readBroken(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of response.body ?? new ReadableStream<Uint8Array>())
      text += decoder.decode(chunk, { stream: true });
  } catch {
    return text;
  }
  throw new Error(`the answer ended as if it were whole: ${text}`);
}
