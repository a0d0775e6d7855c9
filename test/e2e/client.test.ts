import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

import openapiTS, { astToString } from "openapi-typescript";

import { HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

/** Inside the project, so that its tsconfig and its packages are found. */
const DIST = resolve(import.meta.dir, "../../dist");

const UV = resolve(import.meta.dir, "../../.venv/bin/uv");

/** `make soak` runs it: the generator comes from the package index. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** What a user of the generated types writes; it prints what it was answered. */
const PROGRAM = `
import createClient from "openapi-fetch";
import type { components, paths } from "./api.ts";

type Form = components["schemas"]["DeployForm"];

const [baseUrl = "", archive = ""] = process.argv.slice(2);
const client = createClient<paths, "application/json">({ baseUrl });
const path = { id: "Generated_Client-1" };

const toForm = (body: Form) => {
  const form = new FormData();
  form.set("agent_id", body.agent_id);
  form.set("tarball", Bun.file(body.tarball), "agent.tar.gz");
  return form;
};
const deployed = await client.POST("/deploy", {
  body: { agent_id: path.id, tarball: archive },
  bodySerializer: toForm,
});
// Two answers are a success: one that serves, and one that goes on when asked to with Prefer.
if (deployed.data === undefined || !("endpoint" in deployed.data)) throw new Error(deployed.error?.error);
const endpoint: string = deployed.data.endpoint;
const invoked = await client.POST("/invoke/{id}", { params: { path }, body: { input: { name: "Ada" } } });
const listed = await client.GET("/agents");
const state: components["schemas"]["AgentDetail"]["status"] | undefined = listed.data?.agents[0]?.status;
const detail = await client.GET("/agents/{id}", { params: { path } });
const memory: number | undefined = detail.data?.instances[0]?.resources?.memory_bytes;
const logs = await client.GET("/logs/{id}", { params: { path, query: { tail: 5, follow: false } } });
const stopped = await client.POST("/stop/{id}", { params: { path } });
const refused = await client.POST("/invoke/{id}", { params: { path }, body: { input: null } });
const removed = await client.DELETE("/agents/{id}", { params: { path } });
const gone = await client.GET("/agents/{id}", { params: { path } });
const code: components["schemas"]["Error"]["code"] | undefined = gone.error?.code;

// @ts-expect-error -- the id is required
void (() => client.GET("/agents/{id}"));
// @ts-expect-error -- there is no such route
void (() => client.GET("/agent"));
// @ts-expect-error -- the code is one of a closed set
const wrong: typeof code = "NO_SUCH_CODE";

console.log(
  JSON.stringify({
    endpoint,
    output: invoked.data?.output,
    state,
    memory: typeof memory,
    logs: logs.data?.logs,
    stopped: stopped.data,
    refused: refused.error?.code,
    removed: removed.response.status,
    code,
    wrong,
  }),
);
`;

let runner: TestRunner;
let directory: string;
beforeAll(async () => {
  runner = await startRunner();
  directory = await mkdtemp(join(DIST, "client-"));
});
afterAll(async () => {
  await runner?.[Symbol.asyncDispose]();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

test("a client generated from /openapi.json compiles and takes an agent through its life", async () => {
  const document = await (await fetch(`${runner.url}/openapi.json`)).text();
  await Bun.write(join(directory, "api.ts"), astToString(await openapiTS(document)));
  await Bun.write(join(directory, "agent.tar.gz"), await tarball(HANDLER));
  const program = join(directory, "program.ts");
  await Bun.write(program, PROGRAM);

  expect(await bun(["check", "--no-pretty", program])).toMatchObject({ code: 0 });
  const { output } = await bun([program, runner.url, join(directory, "agent.tar.gz")]);
  expect(JSON.parse(output)).toEqual({
    endpoint: "/invoke/Generated_Client-1",
    output: { hello: "Ada" },
    state: "running",
    memory: "number",
    logs: expect.stringContaining("called with"),
    stopped: { agent_id: "Generated_Client-1", status: "stopped" },
    refused: "AGENT_NOT_RUNNING",
    removed: 204,
    code: "AGENT_NOT_FOUND",
    wrong: "NO_SUCH_CODE",
  });
});

async function bun(args: string[]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([process.execPath, ...args], { stdout: "pipe", stderr: "inherit" });
  const [output, code] = await Promise.all([child.stdout.text(), child.exited]);
  return { code, output };
}

test.if(isLong)("a Python client is generated from /openapi.json without a warning", async () => {
  const directory = await mkdtemp(join(DIST, "python-client-"));
  try {
    const document = await fetch(`${runner.url}/openapi.json`);
    await Bun.write(join(directory, "openapi.json"), await document.text());
    const child = Bun.spawn(
      [
        ...[UV, "tool", "run", "--from", "openapi-python-client==0.29.1", "openapi-python-client"],
        ...["generate", "--fail-on-warning", "--path", "openapi.json", "--output-path", "client"],
      ],
      { cwd: directory, stdout: "pipe", stderr: "pipe" },
    );
    const [said, complaint, status] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    expect({ status, said: status === 0 ? "" : said + complaint }).toEqual({ status: 0, said: "" });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
