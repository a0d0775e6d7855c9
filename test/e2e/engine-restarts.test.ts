import { expect, test } from "bun:test";

import { HANDLER } from "../helpers/agents.ts";
import { BINARY } from "../helpers/binary.ts";
import { createClient } from "../helpers/client.ts";
import { eventually } from "../helpers/eventually.ts";
import { startOwnEngine } from "../helpers/own-engine.ts";
import { startRunner } from "../helpers/runner.ts";
import { canStartEngine } from "../helpers/small-engine.ts";

/** It takes a minute to fill an engine with images, so `make soak` alone does. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** Longest wait until all goes on once the engine answers, milliseconds. */
const BACK_MS = 10_000;

/** Longest wait until it answers after its start, or until its end is noticed, milliseconds. */
const ENGINE_MS = 60_000;

const GREETED = { hello: "Ada" };

test.skipIf(!isLong || !canStartEngine).each([
  { engine: "that keeps its containers running", liveRestore: true },
  { engine: "that stops its containers", liveRestore: false },
])("a runner outlives restarts of an engine $engine, and of its containerd", async ({ liveRestore }) => {
  await using engine = await startOwnEngine({ liveRestore });
  for (const image of baseImages()) await engine.load(image);
  const socket = engine.path("api.sock");
  const settings = {
    DOCKER_HOST: engine.host,
    OKEN_LISTEN: `unix:${socket}`,
    // Without a way out there is nothing to contain, and nothing to fetch from.
    OKEN_ALLOW_UNCONTAINED: "yes",
    OKEN_OFFLINE: "yes",
  };
  await using runner = await startRunner(settings, [], await engine.inNetwork(BINARY));
  const client = createClient(() => "http://localhost", { unix: socket });
  const health = async () => (await client.request("GET", "/health")).status;
  const deploy = (content: string) => client.deploy("kept", { ...HANDLER, "new.txt": content });
  const expectGreeting = async () =>
    expect((await client.invoke("kept", { name: "Ada" })).body.output).toEqual(GREETED);
  const expectRecovery = (content: string) =>
    eventually(async () => {
      expect(await health()).toBe(200);
      await expectGreeting();
      expect((await deploy(content)).body).toMatchObject({ status: "running" });
    }, BACK_MS);
  expect((await deploy("first")).body).toMatchObject({ status: "running" });

  await engine.stop();
  await eventually(async () => expect(await health()).toBe(503), ENGINE_MS);
  const refused = await deploy("too soon");
  expect(refused).toMatchObject({ status: 503, body: { code: "ENGINE_UNAVAILABLE" } });
  expect(refused.headers.get("retry-after")).toBe("5");
  if (liveRestore) await expectGreeting();
  engine.start();
  await eventually(() => engine.docker(["version"]), ENGINE_MS);
  await expectRecovery("after the engine");

  await engine.killContainerd();
  await expectGreeting();
  await eventually(() => engine.docker(["run", "--rm", "--pull", "never", ...PROBE]), ENGINE_MS);
  await expectRecovery("after containerd");
  expect(runner.log().filter(({ msg }) => msg === "the runner could not start")).toEqual([]);
});

/** A container of a base image that does nothing. */
const PROBE = ["--network", "none", "--entrypoint", "/bin/true", baseImages()[0] ?? ""];

/** Those of this machine that agents are built on. */
function baseImages(): string[] {
  const { OKEN_PYTHON_IMAGE = "python:{version}-slim", OKEN_UV_IMAGE = "" } = process.env;
  return [OKEN_PYTHON_IMAGE.replaceAll("{version}", "3.12"), OKEN_UV_IMAGE];
}
