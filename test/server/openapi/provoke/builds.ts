import { createBuildQueue } from "../../../../src/build/queue.ts";
import { buildFailure } from "../../../../src/docker/images/build-failure.ts";
import { engineTimeout } from "../../../../src/docker/errors.ts";
import type { DockerExec } from "../../../../src/docker/exec.ts";
import { createImages } from "../../../../src/docker/images/image.ts";
import type { BUILD_PROBLEMS } from "../../../../src/server/openapi/problems/builds.ts";
import { createFakeClock } from "../../../helpers/fake-clock.ts";
import type { Provoke } from "./provoke.ts";

const never = new AbortController().signal;
const TIMEOUT_MS = 600_000;

export const BUILDS: Record<keyof typeof BUILD_PROBLEMS, Provoke> = {
  buildFailed() {
    throw buildFailure({
      steps: [
        {
          name: "RUN uv pip install --requirement requirements.txt",
          error: "process did not complete successfully: exit code: 1",
          cached: false,
          started: true,
          completed: true,
          tail: [
            "  × No solution found when resolving dependencies:",
            "  ╰─▶ Because requestz was not found in the package registry and you require requestz, …",
          ],
        },
      ],
      text: [],
    });
  },
  buildTimeout: () =>
    createImages(compilingForEver()).exportStage({
      inputs: {
        dockerfile: "/Dockerfile",
        context: "/context",
        contexts: [],
        buildArgs: {},
        secretFiles: {},
      },
      target: "packages",
      timeoutMs: TIMEOUT_MS,
      directory: "/out",
    }),
  buildQueueFull() {
    const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 64, clock: createFakeClock() });
    const ask = (agent: number) =>
      queue.run(
        { agentId: `agent-${agent}`, signal: never, onPlace: () => undefined },
        () => new Promise<never>(() => undefined),
      );
    for (let agent = 0; agent < 1 + 64; agent += 1) void ask(agent);
    return ask(65);
  },
};

/** A docker CLI whose build compiles a package until it is stopped. */
function compilingForEver(): DockerExec {
  const digest = "sha256:1";
  const line = Buffer.from("   Building flash-attn==2.8.3\n").toString("base64");
  const records = [
    { vertexes: [{ digest, name: "RUN uv sync --locked", started: "2026-01-01T00:00:00Z" }] },
    { logs: [{ vertex: digest, stream: 2, data: line }] },
  ];
  return {
    run: () => Promise.resolve(""),
    async *stream(args) {
      for (const record of records) yield { stream: "stderr", text: `${JSON.stringify(record)}\n` };
      throw engineTimeout(args, TIMEOUT_MS);
    },
    close: () => Promise.resolve(),
  };
}
