import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";

import { RunnerError } from "../../src/lib/errors.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { startUploadServer } from "../fixtures/upload/server.ts";
import type { UploadServerOptions } from "../fixtures/upload/server.ts";

type Part = { name?: string; filename?: string; type?: string; content: string | Uint8Array<ArrayBuffer> };
type Answer = {
  status: number;
  code?: string;
  error?: string;
  details?: Record<string, unknown>;
  [key: string]: unknown;
};

const AGENT_ID: Part = { name: "agent_id", content: "echo" };
const BOUNDARY = "----oken-test-boundary";

function refuseAgent(): never {
  throw new RunnerError("DEPLOY_CONFLICT", "another deploy is under way");
}

async function tarball(files: Record<string, string> = {}): Promise<Part> {
  const archive = new Bun.Archive({ "oken.toml": 'name = "echo"\n', "main.py": "x = 1\n", ...files });
  return { name: "tarball", filename: "agent.tar.gz", content: gzipSync(await archive.bytes()) };
}

function form(parts: Part[], end = `--${BOUNDARY}--\r\n`): Buffer<ArrayBuffer> {
  const pieces = parts.flatMap(({ name, filename, type, content }) => {
    const named = name === undefined ? "" : `; name="${name}"`;
    const file = filename === undefined ? "" : `; filename="${filename}"`;
    const contentType = type === undefined ? "" : `Content-Type: ${type}\r\n`;
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data${named}${file}\r\n${contentType}\r\n`;
    return [Buffer.from(head), Buffer.from(content), Buffer.from("\r\n")];
  });
  return Buffer.concat([...pieces, Buffer.from(end)]);
}

/** A server, one request to it, and what it left behind. */
async function post(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream | FormData,
  headers: Record<string, string> = { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` },
  options: Omit<UploadServerOptions, "directory"> = {},
): Promise<Answer> {
  await using scratch = await scratchDirectory();
  await using server = await startUploadServer({ directory: scratch.path(), ...options });
  const response = await fetch(`${server.url}/deploy`, { method: "POST", body, headers });
  const answer: Omit<Answer, "status"> = JSON.parse(await response.text());
  expect(await server.staged()).toEqual([]);
  expect(server.budget.used()).toBe(0);
  return { status: response.status, ...answer };
}

test("the fields come in any order", async () => {
  const secrets = { name: "secrets", content: '{"KEY": "a\\nb=\\"c\\""}' };
  const orders = [
    [AGENT_ID, await tarball(), secrets],
    [secrets, await tarball(), AGENT_ID],
    [await tarball(), AGENT_ID],
  ];
  for (const parts of orders) {
    const answer = await post(form(parts));
    expect(answer).toMatchObject({ status: 200, agent_id: "echo", tree: { files: 2 } });
  }
});

test("a form made by fetch from a FormData is accepted, and secrets may be a file", async () => {
  const data = new FormData();
  data.set("agent_id", "Agent_-1");
  const { content } = await tarball();
  data.set("tarball", new Blob([content]), "agent.tar.gz");
  data.set("secrets", new Blob(['{"A":"1","__proto__":"2"}'], { type: "application/json" }), "secrets.json");
  expect(await post(data, {})).toMatchObject({
    status: 200,
    agent_id: "Agent_-1",
    secrets: ["A", "__proto__"],
  });
});

test("a boundary inside a value does not end the field", async () => {
  const secrets = JSON.stringify({
    KEY: `x\r\n--${BOUNDARY}-not\r\nContent-Disposition: form-data; name="agent_id"\r\n\r\nevil`,
  });
  const answer = await post(form([AGENT_ID, await tarball(), { name: "secrets", content: secrets }]));
  expect(answer).toMatchObject({ status: 200, agent_id: "echo", secrets: ["KEY"] });
});

const BAD_IDS = ["", "../x", "a/b", "a b", "é", "x".repeat(129), "a\u0000", "%2e", "a\r\nb", "."];

test.each(BAD_IDS)("the agent id %j is refused", async (content) => {
  const answer = await post(form([{ name: "agent_id", content }, await tarball()]));
  expect(answer).toMatchObject({ status: 400, code: "CONFIG_ERROR", details: { field: "agent_id" } });
});

const BAD_SECRETS: [title: string, content: string, says: string][] = [
  ["text that is not JSON", "hunter2", "not valid JSON"],
  ["an array", '["hunter2"]', "must be a JSON object"],
  ["null", "null", "must be a JSON object"],
  ["a number as a value", '{"A": 12345678}', 'secret "A" must be a text'],
  ["a nested object", '{"A": {"hunter2": "x"}}', 'secret "A" must be a text'],
  ["a name with a dash", '{"A-B": "hunter2"}', 'secret name "A-B"'],
  ["an empty name", '{"": "hunter2"}', 'secret name ""'],
  ["a NUL in a value", '{"A": "hunter2\\u0000"}', "NUL"],
  ["half a surrogate pair", '{"A": "hunter2\\ud800"}', "not valid Unicode"],
  ["PORT", '{"PORT": "hunter2"}', "reserved"],
  ["a name of the runner", '{"OKEN_X": "hunter2"}', "reserved"],
  ["a name of the loader", '{"LD_PRELOAD": "hunter2"}', "PYTHON…"],
  ["a name of the interpreter", '{"PYTHONSTARTUP": "hunter2"}', "reserved"],
  ["the way to programs", '{"PATH": "hunter2"}', "reserved"],
  ["a name of the docker command", '{"DOCKER_HOST": "hunter2"}', "reserved"],
  ["more than 64 KiB", JSON.stringify({ A: "hunter2".repeat(10_000) }), "more than 65536 bytes"],
];

test.each(BAD_SECRETS)(
  "secrets: %s is refused, and no value is in the message",
  async (_title, content, says) => {
    const answer = await post(form([AGENT_ID, { name: "secrets", content }, await tarball()]));
    expect(answer).toMatchObject({ status: 400, code: "CONFIG_ERROR", details: { field: "secrets" } });
    expect(answer.error).toContain(says);
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|12345678/);
  },
);

test("keep_secrets is true or false", async () => {
  const kept = { name: "keep_secrets", content: "perhaps" };
  expect(await post(form([AGENT_ID, kept]))).toMatchObject({
    status: 400,
    code: "CONFIG_ERROR",
    error: 'keep_secrets is "perhaps", but must be true or false',
  });
});

test("secrets that are absent or empty mean none", async () => {
  const empty = { name: "secrets", content: "" };
  expect(await post(form([AGENT_ID, await tarball()]))).toMatchObject({ status: 200, secrets: [] });
  expect(await post(form([AGENT_ID, empty, await tarball()]))).toMatchObject({ status: 200, secrets: [] });
});

test("a form without its fields, with them twice or with others is refused", async () => {
  const cases: [Part[], RegExp][] = [
    [[AGENT_ID], /no tarball; send it as a file/],
    [[AGENT_ID, AGENT_ID, await tarball()], /"agent_id" twice/],
    [[AGENT_ID, await tarball(), await tarball()], /"tarball" twice/],
    [[AGENT_ID, { name: "tarball", content: "agent.tar.gz" }], /came as text/],
    [[AGENT_ID, { name: "secret", content: "{}" }, await tarball()], /unknown field "secret"/],
    [[AGENT_ID, { content: "x" }, await tarball()], /unknown field ""/],
    [Array.from({ length: 20 }, (_, i) => ({ name: `f${i}`, content: "" })), /more than 8 parts/],
  ];
  for (const [parts, message] of cases) {
    const answer = await post(form(parts));
    expect(answer).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    expect(answer.error).toMatch(message);
  }
  expect(await post(form([await tarball()]))).toMatchObject({ status: 400, code: "CONFIG_ERROR" });
  const empty: Part = { name: "tarball", filename: "a.tar.gz", content: "" };
  expect(await post(form([AGENT_ID, empty]))).toMatchObject({ status: 400, code: "ARCHIVE_CORRUPT" });
});

test("a request that is no form is refused by its headers", async () => {
  const json = { "Content-Type": "application/json" };
  expect(await post("{}", json)).toMatchObject({ status: 415, code: "INVALID_REQUEST" });
  expect(await post("x", { "Content-Type": "multipart/form-data" })).toMatchObject({ status: 400 });
  const long = { "Content-Type": `multipart/form-data; boundary=${"b".repeat(71)}` };
  expect(await post("x", long)).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const body = form([AGENT_ID, await tarball()]);
  expect(await post(body, { "Content-Type": type, "Content-Encoding": "gzip" })).toMatchObject({
    status: 415,
  });
});

test("a body that stops before its last boundary is refused", async () => {
  const whole = form([AGENT_ID, await tarball()], "");
  for (const cut of [0, 3, 40, 200, whole.length - 1, whole.length]) {
    expect(await post(whole.subarray(0, cut))).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  }
});

test("a tarball over the limit is refused, declared or chunked", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(60_000));
  const content = Buffer.concat([gzipSync("x"), ...Array.from({ length: 10 }, () => noise)]);
  const body = form([AGENT_ID, { name: "tarball", filename: "a.tar.gz", content }]);
  const limits = { limits: { maxUploadBytes: 100_000 } };
  const expected = { status: 413, code: "ARCHIVE_TOO_LARGE", details: { limit: "compressed", max: 100_000 } };
  expect(await post(body, undefined, limits)).toMatchObject(expected);
  expect(await post(new Blob([body]).stream(), undefined, limits)).toMatchObject(expected);
});

test("what is not gzip is refused by its first bytes", async () => {
  const zip: Part = { name: "tarball", filename: "a.zip", content: Buffer.from("PK\u0003\u0004rest of it") };
  const answer = await post(form([AGENT_ID, zip]));
  expect(answer).toMatchObject({ status: 415, code: "ARCHIVE_NOT_GZIP" });
  expect(answer.error).toContain("a zip file");
});

test("an agent id can be refused before the tarball is read", async () => {
  const answer = await post(form([AGENT_ID, await tarball()]), undefined, { onAgentId: refuseAgent });
  expect(answer).toMatchObject({ status: 409, code: "DEPLOY_CONFLICT" });
});

test("uploads beyond the shared budget are refused with a time to try again", async () => {
  const answer = await post(form([AGENT_ID, await tarball()]), undefined, { budgetBytes: 100 });
  expect(answer).toMatchObject({ status: 503, code: "OVERLOADED", details: { reason: "upload_budget" } });
});

test("an upload that would cross the disk's floor is refused, before and during", async () => {
  const body = form([AGENT_ID, await tarball()]);
  const full = { floorBytes: 1000, freeBytes: async () => 999 };
  expect(await post(body, undefined, full)).toMatchObject({ status: 507, code: "DISK_FULL" });

  let asked = 0;
  const filling = { floorBytes: 1000, freeBytes: async () => (asked++ === 0 ? 1e9 : 999) };
  expect(await post(body, undefined, filling)).toMatchObject({ status: 507, code: "DISK_FULL" });
});

test("a client that stalls is refused and leaves no file", async () => {
  const body = form([AGENT_ID, await tarball()]);
  const { promise: never, resolve } = Promise.withResolvers<void>();
  const stream = new ReadableStream({
    async pull(controller) {
      controller.enqueue(body.subarray(0, body.length - 50));
      await never;
      controller.close();
    },
  });
  const answer = await post(stream, undefined, { limits: { idleTimeoutMs: 300 } });
  resolve();
  expect(answer).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  expect(answer.error).toContain("stalled");
});

test("a client that leaves in the middle leaves no file", async () => {
  await using scratch = await scratchDirectory();
  await using server = await startUploadServer({ directory: scratch.path() });
  const body = form([AGENT_ID, await tarball()]);
  const socket = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
  const head = [
    "POST /deploy HTTP/1.1",
    "Host: x",
    `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
    `Content-Length: ${body.length}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  socket.write(body.subarray(0, body.length - 80));
  while ((await server.staged()).length === 0) await Bun.sleep(1);
  socket.terminate();
  while ((await server.staged()).length > 0) await Bun.sleep(1);
  expect(server.budget.used()).toBe(0);
});
