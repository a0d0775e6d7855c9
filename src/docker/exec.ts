import { execa } from "execa";

import { RunnerError } from "../lib/errors.ts";
import { isLook } from "./commands/looks.ts";
import { watchOutput } from "./commands/lost-output.ts";
import {
  commandError,
  engineSilent,
  engineTimeout,
  isLostOutput,
  lostOutput,
  toolError,
  tooMuch,
} from "./errors.ts";
import { type Owner, ownerMark } from "./commands/orphans.ts";
import { type StreamedChunk, mergedOutput } from "./commands/merged-output.ts";
import { type ProcessGroup, processGroup } from "./commands/process-group.ts";

/** Deadline of a docker command that should be quick. Under load, dockerd took some seconds, but never ten. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** The most that one command may print, characters. `docker inspect` of hundreds of containers stays well below. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Characters of a streamed command's standard error that are kept, to say why it failed. */
const STDERR_TAIL = 64 * 1024;

/** The variables of the runner that the docker CLI may see. No secret of an agent is among them. */
const PASSED_ENVIRONMENT = [
  "PATH",
  "HOME",
  "USER",
  "LANG",
  "TMPDIR",
  "SSH_AUTH_SOCK",
  "XDG_RUNTIME_DIR",
  "XDG_CONFIG_HOME",
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
  "DOCKER_CONFIG",
  "DOCKER_CERT_PATH",
  "DOCKER_TLS_VERIFY",
  "DOCKER_API_VERSION",
  "BUILDX_BUILDER",
  "BUILDX_CONFIG",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/**
 * A command mostly waits for the engine. With all CPUs, Go's runtime uses a fifth more CPU time for the same work,
 * which the agents lack: https://pkg.go.dev/runtime#hdr-Environment_Variables
 */
const GO_SETTINGS = { GOMAXPROCS: "1" };

export type ExecOptions = {
  /** Path of a plugin to run instead of the docker CLI. */
  program?: string | undefined;
  /** Another program than docker's: the firewall's. */
  tool?: string;
  timeoutMs?: number;
  /** Of a streamed command: how long it may take to print anything. */
  silenceMs?: number;
  signal?: AbortSignal | undefined;
  /** Text for the command's standard input. */
  input?: string;
  env?: Record<string, string>;
};

/** Runs the docker CLI, and the few other programs of the host. No other part of the runner starts a process. */
export type DockerExec = {
  /** The standard output of a command. Rejects with a RunnerError, made from its standard error, if it fails. */
  run(args: string[], options?: ExecOptions): Promise<string>;
  /** The output as it comes, until the command ends. Throws as `run` does. Leaving the loop ends the command. */
  stream(args: string[], options?: ExecOptions): AsyncIterable<StreamedChunk>;
  /**
   * Ends the streamed commands that still run, and starts none any more: each leads a process group, and would outlive
   * the runner.
   */
  close(): Promise<void>;
};

export type DockerExecSettings = {
  environment: Record<string, string | undefined>;
  /** Marks the commands for `endOrphans`. */
  owner?: Owner;
  binary?: string;
};

export function createDockerExec(options: DockerExecSettings): DockerExec {
  const binary = options.binary ?? "docker";
  const mark = options.owner === undefined ? {} : ownerMark(options.owner);
  const baseEnv = { ...pick(options.environment, PASSED_ENVIRONMENT), ...GO_SETTINGS, ...mark };
  const spawnOptions = (exec: ExecOptions) => ({
    env: { ...baseEnv, ...exec.env },
    extendEnv: false,
    reject: false,
  });
  const running = new Set<ProcessGroup>();
  let isClosed = false;

  const runOnce = async (args: string[], exec: ExecOptions) => {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = exec;
    if (signal?.aborted) throw toError(signal.reason);
    const subprocess = execa(exec.tool ?? exec.program ?? binary, args, {
      ...spawnOptions(exec),
      ...(exec.input === undefined ? { stdin: "ignore" } : { input: exec.input }),
      maxBuffer: MAX_OUTPUT,
      stripFinalNewline: false,
      detached: true,
    });
    using group = processGroup(subprocess, { signal, timeoutMs });
    const lost = Promise.withResolvers<void>();
    using _ = watchOutput(subprocess.nodeChildProcess, { progress: () => 0, onLost: lost.resolve });
    const result = await Promise.race([subprocess, group.overdue, lost.promise]);
    if (result === undefined) throw withoutOutput({ args, timeoutMs, timedOut: group.timedOut, signal });
    const { stderr } = result;
    if (exec.tool !== undefined && result.failed)
      throw toolError(exec.tool, { code: result.code, stderr, message: endOf(result) });
    throwOnFailure({ args, timeoutMs, timedOut: group.timedOut, signal, result, stderr });
    return result.stdout;
  };

  return {
    async run(args, exec = {}) {
      try {
        return await runOnce(args, exec);
      } catch (error) {
        if (!isLostOutput(error) || !isLook(args)) throw error;
        return await runOnce(args, exec);
      }
    },

    async *stream(args, exec = {}) {
      const { signal, timeoutMs, silenceMs } = exec;
      if (isClosed) throw new RunnerError("SHUTTING_DOWN", "The runner is stopping.");
      const subprocess = execa(exec.program ?? binary, args, {
        ...spawnOptions(exec),
        stdin: "ignore",
        buffer: false,
        detached: true,
      });
      using group = processGroup(subprocess, { signal, timeoutMs });
      running.add(group);
      void group.gone.then(() => running.delete(group));
      let stderr = "";
      let isSilent = false;
      let isLost = false;
      let isHanding = false;
      let chunks = 0;
      using _ = watchOutput(subprocess.nodeChildProcess, {
        progress: () => (isHanding ? "slow reader" : chunks),
        onLost: () => {
          isLost = true;
          subprocess.stdout.destroy();
          subprocess.stderr.destroy();
        },
      });
      const cutSilence = () => {
        isSilent = true;
        group.end();
      };
      const silence = silenceMs === undefined ? undefined : setTimeout(cutSilence, silenceMs);
      // Of a program that was not found the output breaks off; the result says why.
      if (subprocess.pid !== undefined)
        try {
          for await (const chunk of mergedOutput(subprocess.stdout, subprocess.stderr)) {
            clearTimeout(silence);
            chunks += 1;
            if (chunk.stream === "stderr") stderr = (stderr + chunk.text).slice(-STDERR_TAIL);
            isHanding = true;
            yield chunk;
            isHanding = false;
          }
        } catch (error) {
          // It is broken off.
          if (!isLost) throw error;
        }
      const result = isLost ? undefined : await subprocess;
      clearTimeout(silence);
      if (isSilent) throw engineSilent(args, silenceMs ?? 0);
      if (result === undefined) throw withoutOutput({ args, timeoutMs, timedOut: group.timedOut, signal });
      throwOnFailure({ args, timeoutMs, timedOut: group.timedOut, signal, result, stderr });
    },

    async close() {
      isClosed = true;
      for (const group of running) group.end();
      await Promise.all([...running].map(({ gone }) => gone));
    },
  };
}

type Outcome = {
  args: string[];
  timeoutMs: number | undefined;
  timedOut: boolean;
  signal: AbortSignal | undefined;
  result: {
    failed: boolean;
    isMaxBuffer?: boolean | undefined;
    exitCode?: number | undefined;
    code?: string | undefined;
  } & Ending;
  stderr: string;
};

function throwOnFailure({ args, timeoutMs, timedOut, signal, result, stderr }: Outcome): void {
  if (!result.failed) return;
  if (signal?.aborted) throw toError(signal.reason);
  if (result.isMaxBuffer) throw tooMuch(args, MAX_OUTPUT);
  if (timedOut) throw engineTimeout(args, timeoutMs ?? 0);
  throw commandError(args, {
    exitCode: result.exitCode,
    code: result.code,
    stderr,
    message: endOf(result),
  });
}

/** Of a command whose output did not come to its end. */
function withoutOutput({ args, timeoutMs, timedOut, signal }: Omit<Outcome, "result" | "stderr">): Error {
  if (signal?.aborted) return toError(signal.reason);
  return timedOut ? engineTimeout(args, timeoutMs ?? 0) : lostOutput(args);
}

type Ending = { originalMessage?: string | undefined; signal?: string | undefined };

/** How a command ended that said nothing itself. Not execa's own words, which have all of its arguments. */
function endOf({ originalMessage, signal }: Ending): string | undefined {
  return originalMessage ?? (signal === undefined ? undefined : `it was ended by ${signal}`);
}

function toError(reason: unknown): Error {
  return reason instanceof Error
    ? reason
    : new RunnerError("CONTAINER_ERROR", `The docker command was cancelled: ${String(reason)}`);
}

function pick(environment: Record<string, string | undefined>, names: string[]): Record<string, string> {
  const entries = names.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}
