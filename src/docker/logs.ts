import * as args from "./args.ts";
import type { DockerExec } from "./exec.ts";
import { splitLines } from "./lines.ts";
import type { Engine } from "./types.ts";

export function createLogs(exec: DockerExec): Pick<Engine, "logs" | "followLogs"> {
  return {
    async logs(name, tail) {
      let text = "";
      for await (const chunk of exec.stream(args.logsArgs(name, tail), { timeoutMs: LOGS_TIMEOUT_MS })) {
        text = (text + chunk.text).slice(-MAX_LOG_CHARS);
      }
      return text;
    },

    followLogs(name, { tail, signal }) {
      return splitLines(textOf(exec.stream(args.followLogsArgs(name, tail), { signal })));
    },
  };
}

/** `docker logs` reads back through compressed files; ten thousand lines took well under a second. */
const LOGS_TIMEOUT_MS = 20_000;

/** Most that one answer of `/logs` carries, characters. */
const MAX_LOG_CHARS = 16 * 1024 * 1024;

async function* textOf(chunks: AsyncIterable<{ text: string }>): AsyncGenerator<string> {
  for await (const { text } of chunks) yield text;
}
