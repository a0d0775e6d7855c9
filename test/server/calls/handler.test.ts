import { expect, test } from "bun:test";

import { agentIn } from "../../helpers/records.ts";
import { startServer } from "../../helpers/server.ts";

/** What a server with no agent but `echo`, which was stopped, says to a request. */
async function ask(method: string, path: string) {
  await using server = await startServer(agentIn("stopped"));
  const response = await fetch(server.url + path, { method, body: method === "POST" ? "{}" : null });
  const body: { code?: string } = JSON.parse(await response.text());
  return { status: response.status, body, line: server.lines.at(-1) };
}

test("an invoke is answered with its errors, its log line and its id", async () => {
  const { status, body, line } = await ask("POST", "/invoke/echo");
  expect({ status, code: body.code }).toEqual({ status: 400, code: "AGENT_NOT_RUNNING" });
  expect(line).toMatchObject({ path: "/invoke/echo", agent_id: "echo", status: 400 });
});

test.each([
  ["POST", "/invoke/nobody", 404, "AGENT_NOT_FOUND"],
  ["POST", "/invoke/%65cho", 400, "AGENT_NOT_RUNNING"],
  ["POST", "/invoke/not%20an%20id", 404, "AGENT_NOT_FOUND"],
  ["GET", "/invoke/echo", 405, "INVALID_REQUEST"],
])("%s %s is answered %i %s", async (method, path, status, code) => {
  const answered = await ask(method, path);
  expect({ status: answered.status, code: answered.body.code }).toEqual({ status, code });
});
