import { allDone } from "../../lib/all-done.ts";
import { RunnerError } from "../../lib/errors.ts";
import { KILLED } from "../../lib/exit-words.ts";
import { buildFailure } from "../images/build-failure.ts";
import { isNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { runnerOf } from "../labels.ts";
import { linesOf, shownLine } from "../lines.ts";
import { redactor } from "../images/redact.ts";
import type { BuildEvent, BuildRequest, BuiltImage, WheelRequest } from "../types.ts";
import {
  type Sandbox,
  type WheelBuild,
  addressArgs,
  builderArgs,
  gatewayArgs,
  gatewayEnvironment,
  leftoverNetworkArgs,
  networkArgs,
} from "./wheel-args.ts";
import { BUILD_STEP, receiveFiles } from "./wheel-output.ts";

/** The port that the gateway listens on. */
const GATEWAY_PORT = 3128;

/** Lines of the build's output that are kept, to show if it fails. */
const TAIL_LINES = 200;

/** Longest line that is passed on, characters. */
const MAX_LINE = 16_384;

type WheelParts = {
  exec: DockerExec;
  buildImage: (request: BuildRequest) => Promise<BuiltImage>;
  sandbox: Sandbox;
};

/** See `Engine.buildWheels`. Rejects as `Engine.buildImage` does. */
export async function buildWheels(parts: WheelParts, asked: WheelRequest): Promise<void> {
  // The name is unique in the engine. With the labels of an agent, the containers would count as its instances.
  const name = `oken-build-${crypto.randomUUID()}`;
  const request = { ...asked, name, labels: runnerOf(asked.labels), sandbox: parts.sandbox };
  try {
    await runRequest(parts, request);
  } finally {
    await cleanUp(parts.exec, request);
  }
}

/** Removes the networks of builds that were cut off. Their containers and images are removed as orphans. */
export async function removeBuildNetworks(exec: DockerExec, labels: Record<string, string>): Promise<void> {
  const names = linesOf(await exec.run(leftoverNetworkArgs(labels)));
  for (const name of names) await exec.run(["network", "rm", name]);
}

async function runRequest({ exec, buildImage }: WheelParts, request: WheelBuild): Promise<void> {
  const deadline = performance.now() + request.timeoutMs;
  const remaining = () => Math.max(1, Math.ceil(deadline - performance.now()));
  const { name, inputs, labels, signal } = request;
  await allDone([
    exec.run(networkArgs(request), { signal }),
    buildImage({ inputs, tag: name, labels, timeoutMs: remaining(), signal }),
  ]);
  await exec.run(gatewayArgs(request), { signal, env: gatewayEnvironment(request) });
  await exec.run(["network", "connect", name, `${name}-gateway`], { signal });
  await exec.run(["start", `${name}-gateway`], { signal });
  const address = await exec.run(addressArgs(name), { signal });
  await runBuilder(exec, request, { gateway: `${address.trim()}:${GATEWAY_PORT}`, timeoutMs: remaining() });
}

async function runBuilder(
  exec: DockerExec,
  request: WheelBuild,
  { gateway, timeoutMs }: { gateway: string; timeoutMs: number },
): Promise<void> {
  const { signal } = request;
  const log = createLog(request.onEvent);
  const output = receiveFiles(request.outputDir, request.limits.output);
  let failure: unknown;
  try {
    for await (const chunk of exec.stream(builderArgs(request, gateway), { timeoutMs, signal })) {
      if (chunk.stream === "stderr") log.add(chunk.text);
      else await output.add(chunk.text);
    }
  } catch (error) {
    failure = error;
  }
  log.end();
  if (failure !== undefined) {
    output.abandon();
    throw await translate({ exec, request, failure, lines: log.lines() });
  }
  await output.end();
}

async function translate(options: {
  exec: DockerExec;
  request: WheelBuild;
  failure: unknown;
  lines: string[];
}): Promise<unknown> {
  const { exec, request, failure, lines } = options;
  if (request.signal?.aborted || !(failure instanceof RunnerError)) return failure;
  if (failure.details?.["reason"] === "timeout") {
    const seconds = Math.round(request.timeoutMs / 1000);
    return new RunnerError("BUILD_TIMEOUT", `The build did not finish within ${seconds} s.`, {
      details: { class: "timeout", step: BUILD_STEP, log: lines.slice(-40).join("\n") },
    });
  }
  if (failure.code === "ENGINE_UNAVAILABLE" || failure.code === "BUILD_FAILED") return failure;
  const refusals = await refusalsOf(exec, request);
  for (const line of refusals) request.onEvent?.({ type: "log", line });
  const killed = failure.details?.["exit_code"] === KILLED;
  const error = killed ? `did not complete successfully: exit code: ${KILLED}` : "";
  const tail = [...lines, ...refusals];
  const failed = buildFailure({
    steps: [{ name: BUILD_STEP, error, cached: false, started: true, completed: true, tail }],
    text: [],
  });
  if (failed.code !== "DISK_FULL") return failed;
  // The full disk is the working directory, which is in the container's memory.
  const megabytes = Math.round(request.limits.memory / 1024 ** 2);
  return new RunnerError(
    "BUILD_FAILED",
    `Building from source needs more than the ${megabytes} MB it may use for files and memory.`,
    { details: { ...failed.details, hint: "Depend on a release that has wheels." } },
  );
}

/** The requests that the gateway refused, which are often why the build failed. */
async function refusalsOf(exec: DockerExec, { name, signal }: WheelBuild): Promise<string[]> {
  const output = await exec.run(["logs", "--tail", "20", `${name}-gateway`], { signal }).catch(() => "");
  return [...new Set(linesOf(output))];
}

/** How uv's log begins a line that a build backend printed. */
const UV_LOG = /^DEBUG /;

/** Passes on the lines of the build as they come, and keeps the last ones. */
function createLog(onEvent: ((event: BuildEvent) => void) | undefined) {
  const redact = redactor();
  const kept: string[] = [];
  let partial = "";
  const emit = (text: string) => {
    const line = redact(shownLine(text, MAX_LINE));
    onEvent?.({ type: "log", line: line.replace(UV_LOG, "") });
    // uv repeats the output of a backend that fails. The output of the others explains nothing.
    if (UV_LOG.test(line)) return;
    kept.push(line);
    if (kept.length > TAIL_LINES) kept.shift();
  };
  return {
    add(text: string) {
      const parts = (partial + text).split("\n");
      partial = parts.pop() ?? "";
      for (const part of parts) emit(part);
      while (partial.length > MAX_LINE) {
        emit(partial.slice(0, MAX_LINE));
        partial = partial.slice(MAX_LINE);
      }
    },
    end() {
      if (partial !== "") emit(partial);
      partial = "";
    },
    lines: () => kept,
  };
}

/** Anything that cannot be removed now is removed as an orphan at the runner's next start. */
async function cleanUp(exec: DockerExec, { name, onEvent }: WheelBuild): Promise<void> {
  const remove = async (...args: string[]) => {
    try {
      await exec.run(args);
    } catch (error) {
      if (!isNoSuchObject(error))
        onEvent?.({ type: "log", line: `${name} was not removed: ${String(error)}` });
    }
  };
  await Promise.all([remove("rm", "--force", `${name}-builder`), remove("rm", "--force", `${name}-gateway`)]);
  await Promise.all([remove("network", "rm", name), remove("image", "rm", "--force", name)]);
}
