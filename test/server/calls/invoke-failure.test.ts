import { describe, expect, test } from "bun:test";

import { invokeFailure } from "../../../src/server/calls/invoke-failure.ts";
import { agentIn, instanceOf, versionRecord } from "../../helpers/records.ts";

const entrypoint = { ...versionRecord(1).entrypoint, type: "http" as const };
const HTTP = agentIn("running", { instance: instanceOf({ ...versionRecord(1), entrypoint }) });
const HANDLER = agentIn("running");

const failure = (agent: typeof HTTP, response: Response) =>
  invokeFailure(agent, response).catch((error: unknown) => error);

describe("of a handler", () => {
  test("the runtime's error is passed on with its status, code, details and Retry-After", async () => {
    const body = { error: "Agent echo is busy.", code: "AGENT_BUSY", details: { waiting: 3 } };
    const response = Response.json(body, { status: 429, headers: { "Retry-After": "2" } });
    expect(await failure(HANDLER, response)).toMatchObject({
      code: "AGENT_BUSY",
      status: 429,
      message: "Agent echo is busy.",
      details: { waiting: 3 },
      headers: { "Retry-After": "2" },
    });
  });

  test("an answer that is not the runtime's is INVOKE_FAILED with its text", async () => {
    expect(await failure(HANDLER, new Response("{", { status: 500 }))).toMatchObject({
      code: "INVOKE_FAILED",
      status: 500,
      message: "Agent echo answered 500: {",
    });
  });
});

describe("of a web application", () => {
  test("its status and text are in the sentence, even where it looks like the runtime's error", async () => {
    const text = '{"error":"no","code":"AGENT_BUSY"}';
    expect(await failure(HTTP, new Response(text, { status: 403 }))).toMatchObject({
      code: "INVOKE_FAILED",
      status: 403,
      message: `Agent echo answered 403: ${text}`,
      details: { status: 403 },
    });
  });

  test("a 404 also names the paths of the application", async () => {
    expect(await failure(HTTP, new Response(null, { status: 404 }))).toMatchObject({
      status: 404,
      message:
        "Agent echo answered 404. If its server has no POST /invoke, call its own routes at /invoke/echo/{path}.",
    });
  });

  test("of a page its text is in the sentence, without its tags, title and styles", async () => {
    const page =
      "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<style>h1 {}</style>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server.</p>";
    const headers = { "content-type": "text/html; charset=utf-8" };
    expect(await failure(HTTP, new Response(page, { status: 404, headers }))).toMatchObject({
      message:
        "Agent echo answered 404: Not Found The requested URL was not found on the server. If its server has no POST /invoke, call its own routes at /invoke/echo/{path}.",
    });
    expect(await failure(HTTP, new Response("<br>", { status: 500, headers }))).toMatchObject({
      message: "Agent echo answered 500: <br>",
    });
  });

  test("a redirect is a 502, since the caller cannot follow it", async () => {
    const redirect = new Response(null, { status: 307, headers: { location: "/other" } });
    expect(await failure(HTTP, redirect)).toMatchObject({ status: 502, details: { status: 307 } });
  });

  test("a long text is cut off after 64 Ki characters", async () => {
    const response = new Response("x".repeat(100_000), { status: 500 });
    expect(await failure(HTTP, response)).toMatchObject({
      message: `Agent echo answered 500: ${"x".repeat(65_536)}`,
    });
  });
});
