import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import tar from "tar-stream";

import { RunnerError, messageOf } from "../errors.ts";
import { buildFailure } from "./build-failure.ts";
import { isNoSuchObject } from "./errors.ts";
import type { DockerExec } from "./exec.ts";
import { redactor } from "./redact.ts";
import type { BuildEvent, BuildRequest, BuiltImage, WheelRequest } from "./types.ts";
import { builderArgs, gatewayArgs, networkArgs } from "./wheel-args.ts";

/** Port of the gateway inside its network. */
const GATEWAY_PORT = 3128;

/** Lines of the build's output that are kept to be shown when it fails. */
const TAIL_LINES = 200;

/** Longest line passed on, characters. */
const MAX_LINE = 16_384;

/** What may come out: wheels, whose name has five or six parts, and the list. */
const OUTPUT_NAME =
  /^(?:[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(?:-\d\w*)?-[\w.]+-[\w.]+-[\w.]+\.whl|uv\.lock|requirements\.lock)$/;

/** See `Engine.buildWheels`. Rejects as `Engine.buildImage` does. */
export async function buildWheels(
  exec: DockerExec,
  buildImage: (request: BuildRequest) => Promise<BuiltImage>,
  request: WheelRequest,
): Promise<void> {
  const deadline = performance.now() + request.timeoutMs;
  const remaining = () => Math.max(1, Math.ceil(deadline - performance.now()));
  const { name, signal } = request;
  try {
    await Promise.all([
      buildImage({ ...request, tag: name, secretFiles: {}, timeoutMs: remaining(), onEvent: undefined }),
      exec.run(networkArgs(request), { signal }),
    ]);
    await exec.run(gatewayArgs(request), { signal });
    await exec.run(["network", "connect", name, `${name}-gateway`], { signal });
    await exec.run(["start", `${name}-gateway`], { signal });
    const address = await exec.run(
      [
        "inspect",
        "--format",
        `{{(index .NetworkSettings.Networks ${JSON.stringify(name)}).IPAddress}}`,
        `${name}-gateway`,
      ],
      { signal },
    );
    await runBuilder(exec, request, { gateway: `${address.trim()}:${GATEWAY_PORT}`, timeoutMs: remaining() });
  } finally {
    await cleanUp(exec, name);
  }
}

async function runBuilder(
  exec: DockerExec,
  request: WheelRequest,
  { gateway, timeoutMs }: { gateway: string; timeoutMs: number },
): Promise<void> {
  const log = createLog(request.onEvent);
  const output = receiveFiles(request.outputDir, request.limits.output);
  let failure: unknown;
  try {
    for await (const chunk of exec.stream(builderArgs(request, gateway), {
      timeoutMs,
      signal: request.signal,
    })) {
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
  request: WheelRequest;
  failure: unknown;
  lines: string[];
}): Promise<unknown> {
  const { exec, request, failure, lines } = options;
  if (request.signal?.aborted || !(failure instanceof RunnerError) || failure.code === "BUILD_FAILED")
    return failure;
  if (failure.details?.["reason"] === "timeout") {
    return new RunnerError(
      "BUILD_TIMEOUT",
      `Building a package from source did not finish within ${Math.round(request.timeoutMs / 1000)} s.`,
      { details: { class: "timeout", step: STEP, log: lines.slice(-40).join("\n") } },
    );
  }
  if (failure.code === "ENGINE_UNAVAILABLE") return failure;
  const exit = failure.details?.["exit_code"];
  const words = exit === 137 ? "did not complete successfully: exit code: 137" : "";
  const refused = await exec
    .run(["logs", `${request.name}-gateway`], { signal: request.signal })
    .catch(() => "");
  for (const line of refused.split("\n").filter((text) => text !== ""))
    request.onEvent?.({ type: "log", line });
  const failed = buildFailure({
    steps: [{ name: STEP, error: words, cached: false, started: true, completed: true, tail: lines }],
    text: [],
  });
  if (failed.code !== "DISK_FULL") return failed;
  // What ran out is the working directory, which is in the container's memory, not the host's disk.
  const megabytes = Math.round(request.limits.memory / 1024 ** 2);
  return new RunnerError(
    "BUILD_FAILED",
    `Building from source needs more than the ${megabytes} MB it may use for files and memory.`,
    { details: { ...failed.details, hint: "Depend on a release that has wheels." } },
  );
}

const STEP = "build packages from source";

/** Lines of what the build says, passed on as they come. */
function createLog(onEvent: ((event: BuildEvent) => void) | undefined) {
  const redact = redactor();
  const kept: string[] = [];
  let partial = "";
  const emit = (text: string) => {
    const line = redact(
      text
        .replace(/\r$/, "")
        .replace(/^[^]*\r/, "")
        .slice(0, MAX_LINE),
    );
    kept.push(line);
    if (kept.length > TAIL_LINES) kept.shift();
    onEvent?.({ type: "log", line });
  };
  return {
    add(text: string) {
      const parts = (partial + text).split("\n");
      partial = parts.pop() ?? "";
      for (const part of parts) emit(part);
      if (partial.length > MAX_LINE) {
        emit(partial);
        partial = "";
      }
    },
    end() {
      if (partial !== "") emit(partial);
      partial = "";
    },
    lines: () => kept,
  };
}

/** Reads a tar archive in base64 that untrusted code wrote: known names, plain files, bounded size, nothing else. */
function receiveFiles(directory: string, limit: number) {
  const bytes = new PassThrough();
  const extract = tar.extract();
  bytes.pipe(extract);
  let received = 0;
  let rest = "";
  const done = writeEntries(extract, directory);
  // Awaited in `end`; a failure before that must not count as unhandled.
  done.catch(() => undefined);
  return {
    async add(text: string) {
      received += text.length;
      if ((received / 4) * 3 > limit) {
        throw new RunnerError("BUILD_FAILED", `What was built from source is more than ${limit} bytes.`, {
          details: { class: "too_large", hint: "Depend on a release that has wheels.", log: "", step: STEP },
        });
      }
      const joined = rest + text.replaceAll(/\s/g, "");
      const whole = joined.length - (joined.length % 4);
      rest = joined.slice(whole);
      if (whole > 0 && !bytes.write(Buffer.from(joined.slice(0, whole), "base64"))) {
        await Promise.race([once(bytes, "drain"), done]);
      }
    },
    async end() {
      bytes.end();
      await done;
    },
    abandon: () => {
      bytes.destroy();
      extract.destroy();
    },
  };
}

async function writeEntries(extract: ReturnType<typeof tar.extract>, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  try {
    for await (const entry of extract) {
      const { name, type } = entry.header;
      if (type !== "file" || !OUTPUT_NAME.test(name))
        throw new Error(`unexpected entry ${JSON.stringify(name)}`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
      await writeFile(join(directory, name), Buffer.concat(chunks), { flag: "wx" });
    }
  } catch (error) {
    throw new RunnerError("BUILD_FAILED", "What was built from source did not come out as wheels.", {
      details: { class: "package_build", hint: "Depend on a release that has wheels.", log: "", step: STEP },
      cause: error,
    });
  }
}

async function cleanUp(exec: DockerExec, name: string): Promise<void> {
  const failures: unknown[] = [];
  const remove = (...args: string[]) =>
    exec.run(args).catch((error: unknown) => isNoSuchObject(error) || failures.push(error));
  await Promise.all(
    [`${name}-builder`, `${name}-gateway`].map((container) => remove("rm", "--force", container)),
  );
  await Promise.all([remove("network", "rm", name), remove("image", "rm", "--force", name)]);
  if (failures.length > 0) throw new AggregateError(failures, messageOf(failures[0]));
}
