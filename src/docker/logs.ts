import * as args from "./args.ts";
import type { DockerExec } from "./exec.ts";
import { splitOutput } from "./lines.ts";
import type { Engine, OutputLine } from "./types.ts";

export function createLogs(exec: DockerExec): Pick<Engine, "logs" | "followLogs"> {
  return {
    async logs(name, tail) {
      const lines: OutputLine[] = [];
      let held = 0;
      const chunks = exec.stream(args.logsArgs(name, tail), { timeoutMs: LOGS_TIMEOUT_MS });
      for await (const line of splitOutput(chunks)) {
        lines.push(line);
        held += line.text.length;
        while (held > MAX_LOG_CHARS) held -= lines.shift()?.text.length ?? 0;
      }
      return lines;
    },

    followLogs(name, { tail, signal }) {
      return splitOutput(exec.stream(args.followLogsArgs(name, tail), { signal }));
    },
  };
}

/** Deadline of `docker logs`, which reads compressed files; ten thousand lines took less than a second. */
const LOGS_TIMEOUT_MS = 20_000;

/** The most that one answer of `/logs` holds, characters. The oldest lines are left out. */
const MAX_LOG_CHARS = 4 * 1024 * 1024;
