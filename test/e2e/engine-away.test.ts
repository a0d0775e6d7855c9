import { expect, test } from "bun:test";

import { HANDLER } from "../helpers/agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";
import { type Behaviour, switchableDocker } from "../helpers/switchable-docker.ts";

/** What becomes of docker, and the words of it that `/health` has. */
const ODD: [Behaviour, RegExp][] = [
  ["isAway", /The Docker engine does not answer/],
  ["isRefused", /permission denied on its socket\. Run it as root/],
  ["printsGarbage", /printed "<html>Welcome to nginx!<\/html>", which is no answer/],
  ["printsNothing", /printed nothing, which is no answer/],
  ["printsWithoutEnd", /printed more than \d+ MiB/],
];

const MISSING: [Behaviour, RegExp] = ["isMissing", /was not found on PATH: install Docker's CLI/];

/** Each costs seconds; `test/docker/odd-answers.test.ts` has the others too. */
const TRIED = process.env["OKEN_TEST_LONG"] === "yes" ? [MISSING, ...ODD] : [MISSING];

test("while docker is away agents answer, /health names it, deploys are refused, and then all goes on", async () => {
  await using docker = await switchableDocker();
  await using runner = await startRunner({ PATH: docker.path });
  await runner.deploy("kept", HANDLER);
  const isDegraded = (words: RegExp) =>
    eventually(async () =>
      expect(await runner.request("GET", "/health")).toMatchObject({
        status: 503,
        body: { status: "degraded", checks: { engine: expect.stringMatching(words) } },
      }),
    );
  const comesBack = async () => {
    await docker.become("works");
    await eventually(async () => expect((await runner.request("GET", "/health")).status).toBe(200));
  };

  for (const [behaviour, words] of TRIED) {
    await docker.become(behaviour);
    await isDegraded(words);
    const refused = await runner.deploy("kept", { ...HANDLER, "new.txt": behaviour });
    expect(refused.body).toMatchObject({ code: "ENGINE_UNAVAILABLE" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await runner.invoke("kept", { name: "Ada" })).body.output).toEqual({ hello: "Ada" });
    await comesBack();
  }

  await docker.become("hangs");
  await isDegraded(/docker version did not finish within 5 s|The Docker engine does not answer/);
  expect((await runner.invoke("kept", { name: "Ada" })).body.output).toEqual({ hello: "Ada" });
  await comesBack();
  const deployed = await runner.deploy("kept", { ...HANDLER, "new.txt": "at last" });
  expect(deployed.body).toMatchObject({ status: "running", version: 2 });
});
