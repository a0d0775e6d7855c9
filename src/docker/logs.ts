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
      return withoutRefusal(splitOutput(exec.stream(args.followLogsArgs(name, tail), { signal })));
    },
  };
}

/** How docker says on standard error that it could not do something, in the midst of what the container wrote there. */
const REFUSAL = /^Error response from daemon: /;

/** The lines without the last one if that is docker's word on why it failed, which the error has. */
async function* withoutRefusal(lines: AsyncIterable<OutputLine>): AsyncGenerator<OutputLine> {
  let held: OutputLine | undefined;
  for await (const line of lines) {
    if (held !== undefined) yield held;
    held = line.stream === "stderr" && REFUSAL.test(line.text) ? line : undefined;
    if (held === undefined) yield line;
  }
  if (held !== undefined) yield held;
}

/** Deadline of `docker logs`, which reads compressed files; ten thousand lines took less than a second. */
const LOGS_TIMEOUT_MS = 20_000;

/** The most that one answer of `/logs` holds, characters. The oldest lines are left out. */
const MAX_LOG_CHARS = 4 * 1024 * 1024;
