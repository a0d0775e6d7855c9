import { expect, test } from "bun:test";

import { MisdirectedError, ShuttingDownError } from "../../../src/proxy/reach.ts";
import { unlessRefused } from "../../../src/server/calls/refused.ts";
import { instanceOf, versionRecord } from "../../helpers/records.ts";

const REFUSAL = JSON.stringify({ error: "This request is for another instance.", code: "MISDIRECTED" });

const answer = (body: string, status = 421) =>
  new Response(body, { status, headers: { "content-length": String(body.length) } });

test("our runtime's 421 says that the request never reached its instance", async () => {
  await expect(unlessRefused(answer(REFUSAL), instanceOf())).rejects.toBeInstanceOf(MisdirectedError);
});

test("our runtime's 503 says that it is being stopped, and had not begun", async () => {
  const refusal = { error: "x", code: "INVOKE_FAILED", details: { reason: "shutting_down" } };
  const answered = unlessRefused(answer(JSON.stringify(refusal), 503), instanceOf());
  await expect(answered).rejects.toBeInstanceOf(ShuttingDownError);
  const other = await unlessRefused(answer(`{"code":"INVOKE_FAILED"}`, 503), instanceOf());
  expect(await other.json()).toEqual({ code: "INVOKE_FAILED" });
});

test("an application's own 421 is passed on whole", async () => {
  const passed = await unlessRefused(answer("not this host"), instanceOf());
  expect({ status: passed.status, text: await passed.text() }).toEqual({
    status: 421,
    text: "not this host",
  });
});

test("a 421 of a server that the agent brought is its own, whatever it says", async () => {
  const version = versionRecord(1);
  const own = instanceOf({ ...version, entrypoint: { ...version.entrypoint, mode: "script" } });
  const response = answer(REFUSAL);
  expect(await unlessRefused(response, own)).toBe(response);
});

test("another status and a long answer are not looked at", async () => {
  const ok = answer(REFUSAL, 200);
  expect(await unlessRefused(ok, instanceOf())).toBe(ok);
  const long = answer(REFUSAL + " ".repeat(2_000));
  expect(await unlessRefused(long, instanceOf())).toBe(long);
});
