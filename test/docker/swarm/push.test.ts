import { expect, test } from "bun:test";

import { commandError, engineTimeout } from "../../../src/docker/errors.ts";
import type { BuildEvent } from "../../../src/docker/types.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { push, pushArgs } from "../../../src/docker/swarm/push.ts";

const REGISTRY = "registry.example.com:5000";
const REFERENCE = `${REGISTRY}/oken/echo:v1`;
const DIGEST = `sha256:${"b".repeat(64)}`;
const LAYERS = `The push refers to repository [${REGISTRY}/oken/echo]\n5f70bf18a086: Preparing\n5f70bf18a086: Pushed\n`;

/** A docker whose push prints this, and fails where it has something on its standard error. */
function printing(output: { stdout: string; stderr?: string; error?: Error }): DockerExec {
  return {
    run: () => Promise.reject(new Error("nothing but the push is run here")),
    async *stream(args) {
      expect(args).toEqual(["push", "--", REFERENCE]);
      await Promise.resolve();
      yield { stream: "stdout", text: output.stdout };
      const { stderr = "", error } = output;
      if (stderr !== "") yield { stream: "stderr", text: stderr };
      if (error !== undefined) throw error;
      if (stderr !== "")
        throw commandError(args, { exitCode: 1, code: undefined, stderr, message: undefined });
    },
    close: async () => undefined,
  };
}

const request = { reference: REFERENCE, registry: REGISTRY, timeoutMs: 20_000 };

test("a push tells the digest that the image has in the registry", async () => {
  expect(pushArgs(REFERENCE)).toEqual(["push", "--", REFERENCE]);
  const exec = printing({ stdout: `${LAYERS}v1: digest: ${DIGEST} size: 528\n` });
  expect(await push(exec, request)).toBe(DIGEST);
});

test("a push without a digest in its answer is a failure", async () => {
  await expect(push(printing({ stdout: LAYERS }), request)).rejects.toMatchObject({
    code: "CONTAINER_ERROR",
  });
});

test("what docker says of the registry is told with what to do", async () => {
  const stderr = `Get "https://${REGISTRY}/v2/": http: server gave HTTP response to HTTPS client\n`;
  await expect(push(printing({ stdout: LAYERS, stderr }), request)).rejects.toMatchObject({
    code: "CONTAINER_ERROR",
    details: { reason: "registry_insecure" },
  });
});

test("an engine that goes away during a push is not taken for the registry", async () => {
  const stderr =
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
  await expect(push(printing({ stdout: LAYERS, stderr }), request)).rejects.toThrow(
    "The Docker engine does not",
  );
});

test("a push that takes too long says that it was the push", async () => {
  const error = engineTimeout(pushArgs(REFERENCE), 20_000);
  await expect(push(printing({ stdout: LAYERS, error }), request)).rejects.toMatchObject({
    code: "BUILD_TIMEOUT",
    message: "The push did not finish within 20 s.",
    details: { step: `pushing to ${REGISTRY}`, log: LAYERS.trim() },
  });
});

test("a build's log tells of a push that the registry does not take at once", async () => {
  const retries = "5f70bf18a086: Retrying in 2 seconds\n5f70bf18a086: Retrying in 1 second\n";
  const exec = printing({ stdout: `${LAYERS}${retries}v1: digest: ${DIGEST} size: 528\n` });
  const events: BuildEvent[] = [];
  await push(exec, { ...request, onEvent: (event) => events.push(event) });
  const name = `pushing to ${REGISTRY}`;
  expect(events).toEqual([
    { type: "step", name, status: "started" },
    { type: "log", line: `${REGISTRY} does not take the image; docker goes on trying for a minute.` },
    { type: "step", name, status: "done", ms: expect.any(Number) },
  ]);
});
