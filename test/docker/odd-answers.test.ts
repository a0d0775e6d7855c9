import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createHostEngine } from "../../src/docker/host-engine.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import type { Engine } from "../../src/docker/types.ts";

const directory = await mkdtemp(join(tmpdir(), "oken-odd-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

const ODD = [
  ["nothing", "exit 0"],
  ["garbage", "echo '<html>Welcome to nginx!</html>'"],
  ["other JSON", `echo '{"message": "hello"}'`],
] as const;

const WITHOUT_END = `yes "$(printf '%4096s' x)"`;

/** The engine behind a program that prints something else than docker does. */
async function engineBehind(script: string): Promise<Engine> {
  const binary = join(directory, Bun.randomUUIDv7());
  await writeFile(binary, `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return createHostEngine(
    createDockerExec({ binary, environment: { PATH: process.env["PATH"] } }),
    { network: "n", runtime: undefined, cgroupParent: undefined, seccomp: undefined, runnerId: "r" },
    { allowUncontained: true, firewallImage: undefined, resolvers: undefined },
  );
}

const SPEC = {
  name: "c",
  image: "i",
  identity: { agentId: "a", version: 1, spec: "s" },
  userId: 10_001,
  env: {},
  mounts: [],
  ports: [],
  memory: 1,
  cpus: 1,
  concurrency: 1,
  boost: false,
};

function build(engine: Engine): Promise<unknown> {
  const dockerfile = join(directory, "Dockerfile");
  const inputs = { dockerfile, context: directory, contexts: [], buildArgs: {}, secretFiles: {} };
  return engine.buildImage({ inputs, timeoutMs: 20_000, tag: "t", labels: {} });
}

const CALLS: [string, (engine: Engine) => Promise<unknown>][] = [
  ["a ping", (engine) => engine.ping()],
  ["its offers", (engine) => engine.offers()],
  ["the platform", (engine) => engine.platform()],
  ["the network", (engine) => engine.networkExists()],
  ["a container", (engine) => engine.inspectContainer("c")],
  ["a start", (engine) => engine.startContainer(SPEC)],
  ["a build", build],
];

/** The operator's matter, and over in a while: not the author's, and no bug. */
const UNAVAILABLE = { code: "ENGINE_UNAVAILABLE", headers: { "Retry-After": "5" } };

describe.each(ODD)("a docker that prints %s", (_, script) => {
  test.each(CALLS)("is no engine: %s says so, and blames nobody else", async (_, call) => {
    await expect(call(await engineBehind(script))).rejects.toMatchObject(UNAVAILABLE);
  });
});

/** All that is read until it is cut off takes seconds, and a busy machine's processors are shared. */
const WITHOUT_END_MS = 60_000;

test(
  "a docker that prints without end is cut off, be it a command, a build or its events",
  async () => {
    const engine = await engineBehind(WITHOUT_END);
    const events = Array.fromAsync(engine.events({ signal: new AbortController().signal }));
    await expect(events).rejects.toMatchObject(UNAVAILABLE);
    await expect(engine.networkExists()).rejects.toMatchObject(UNAVAILABLE);
    await expect(build(engine)).rejects.toMatchObject(UNAVAILABLE);
  },
  WITHOUT_END_MS,
);
