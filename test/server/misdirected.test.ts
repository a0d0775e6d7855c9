import { expect, test } from "bun:test";

import { MisdirectedError } from "../../src/proxy/reach.ts";
import { unlessMisdirected } from "../../src/server/misdirected.ts";
import { instanceOf, versionRecord } from "../helpers/records.ts";

const REFUSAL = JSON.stringify({ error: "This request is for another instance.", code: "MISDIRECTED" });

const answer = (body: string, status = 421) =>
  new Response(body, { status, headers: { "content-length": String(body.length) } });

test("our runtime's 421 says that the request never reached its instance", async () => {
  await expect(unlessMisdirected(answer(REFUSAL), instanceOf())).rejects.toBeInstanceOf(MisdirectedError);
});

test("an application's own 421 is passed on whole", async () => {
  const passed = await unlessMisdirected(answer("not this host"), instanceOf());
  expect({ status: passed.status, text: await passed.text() }).toEqual({
    status: 421,
    text: "not this host",
  });
});

test("a 421 of a server that the agent brought is its own, whatever it says", async () => {
  const version = versionRecord(1);
  const own = instanceOf({ ...version, entrypoint: { ...version.entrypoint, mode: "script" } });
  const response = answer(REFUSAL);
  expect(await unlessMisdirected(response, own)).toBe(response);
});

test("another status and a long answer are not looked at", async () => {
  const ok = answer(REFUSAL, 200);
  expect(await unlessMisdirected(ok, instanceOf())).toBe(ok);
  const long = answer(REFUSAL + " ".repeat(2_000));
  expect(await unlessMisdirected(long, instanceOf())).toBe(long);
});
