import { expect, test } from "bun:test";

import { builderArgs, gatewayArgs } from "../../../src/docker/wheels/wheel-args.ts";

test("neither the build of a package from source nor its gateway is told of the operator's proxies", () => {
  const build = {
    name: "oken-build-1",
    inputs: { dockerfile: "/d", context: "/c", contexts: [], buildArgs: {}, secretFiles: {} },
    programs: { gateway: ["python"], gatewayConfig: "{}", build: ["python"] },
    labels: {},
    userId: undefined,
    limits: { memory: 1, cpus: 1, processes: 1, output: 1 },
    outputDir: "/out",
    timeoutMs: 1,
    sandbox: { runtime: undefined, seccomp: undefined, clientProxies: ["HTTPS_PROXY", "https_proxy"] },
  } satisfies Parameters<typeof gatewayArgs>[0];
  for (const argv of [builderArgs(build, "172.20.0.2:3128"), gatewayArgs(build)])
    expect(argv.join(" ")).toContain("--env HTTPS_PROXY= --env https_proxy= ");
});
