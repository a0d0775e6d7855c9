import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DockerExec } from "../../../src/docker/exec.ts";
import { createFetchProxy } from "../../../src/docker/networks/fetch-proxy.ts";
import type { BuildInputs } from "../../../src/docker/types.ts";
import { RunnerError } from "../../../src/lib/errors.ts";

/** An address of this host's loopback, where nobody else listens on the proxy's port. */
const ADDRESS = `127.${[1, 2].map(() => 1 + Math.floor(Math.random() * 250)).join(".")}.1`;

const staging = mkdtempSync(join(tmpdir(), "oken-test-"));
afterAll(() => rmSync(staging, { recursive: true }));

const INPUTS: BuildInputs = {
  dockerfile: "/d",
  context: "/c",
  contexts: [],
  buildArgs: { OKEN_UV_IMAGE: "uv" },
  secretFiles: {},
  fetches: true,
};

/** An engine whose default bridge keeps containers apart or not, and in which the proxy comes to run. */
function engine({ keepsApart }: { keepsApart: boolean }) {
  const commands: string[] = [];
  const builds: string[] = [];
  let labels = "";
  const run = async (args: string[]) => {
    commands.push(args.slice(0, 2).join(" "));
    if (args[0] === "network") return keepsApart ? "false\n" : "true\n";
    if (args[0] === "create") labels = args.find((text) => text.startsWith("oken.proxy.digest=")) ?? "";
    if (args[0] !== "container") return "";
    if (labels === "")
      throw new RunnerError("CONTAINER_ERROR", "no such container", {
        details: { reason: "no_such_object" },
      });
    const [, digest] = labels.split("=");
    return `true\n${JSON.stringify(digest)}\n${JSON.stringify({ bridge: { IPAddress: ADDRESS } })}\n`;
  };
  const proxy = createFetchProxy(
    {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `run` is used
      exec: { run } as unknown as DockerExec,
      buildImage: async ({ tag }) => {
        builds.push(tag);
        return { imageId: "sha256:1", bases: {} };
      },
      runnerId: "one",
    },
    { image: "python:3.12", program: "", config: "{}", staging },
  );
  return { proxy, commands, builds };
}

test("a build that fetches is told of the proxy, which is made once", async () => {
  using listener = Bun.listen({ hostname: ADDRESS, port: 3128, socket: { data: () => undefined } });
  void listener;
  const { proxy, commands, builds } = engine({ keepsApart: false });
  const routed = await Promise.all([proxy.route(INPUTS), proxy.route(INPUTS)]);
  const url = `http://${ADDRESS}:3128`;
  for (const { buildArgs } of routed)
    expect(buildArgs).toMatchObject({ OKEN_UV_IMAGE: "uv", HTTPS_PROXY: url, http_proxy: url, NO_PROXY: "" });
  expect((await proxy.route(INPUTS)).buildArgs["HTTP_PROXY"]).toBe(url);
  expect(builds).toHaveLength(1);
  expect(commands.filter((command) => command.startsWith("create"))).toHaveLength(1);
});

test("a build that fetches nothing starts no proxy", async () => {
  const { proxy, commands } = engine({ keepsApart: false });
  expect(await proxy.route({ ...INPUTS, fetches: false })).toEqual({ ...INPUTS, fetches: false });
  expect(commands).toEqual([]);
});

test("where the engine keeps containers apart, builds fetch by themselves", async () => {
  const { proxy, builds } = engine({ keepsApart: true });
  expect(await proxy.route(INPUTS)).toEqual(INPUTS);
  expect(builds).toEqual([]);
});
