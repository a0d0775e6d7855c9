import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { writeDurably } from "../../lib/files.ts";
import type { Clock } from "../../lib/clock.ts";
import { parseJson } from "../../lib/json.ts";
import type { DockerExec } from "../exec.ts";
import { createLogs } from "../containers/logs.ts";
import type { OutputLine, Workload } from "../workload.ts";
import { followServiceLogsArgs, serviceLogsArgs } from "./service-args.ts";
import { current } from "./until-running.ts";
import { type Tasks, hasEnded } from "./tasks.ts";
import type { Watch } from "./watch.ts";

/** The last lines of an agent's earlier runs that are kept, and at most so many characters. */
const KEPT_LINES = 1_000;
const KEPT_CHARS = 1024 * 1024;

/** How long after the end of a task its last lines may take to come, milliseconds. */
const SETTLE_MS = 300;

/** Lines of services that sleep or have gone: their containers go with their tasks, and their logs with those. */
export type KeptLogs = {
  /** Takes what a service prints until this is disposed of, and keeps its last lines. */
  keep(service: string, options: { isRunning: boolean }): Promise<AsyncDisposable>;
  remove(service: string): Promise<void>;
};

type LogParts = {
  exec: Pick<DockerExec, "stream">;
  tasks: Pick<Tasks, "ofService">;
  watch: Pick<Watch, "untilEnded">;
  clock: Clock;
  /** Where the kept lines are, a file for each service. */
  directory: string;
};

const Line = Type.Object({
  stream: Type.Union([Type.Literal("stdout"), Type.Literal("stderr")]),
  text: Type.String(),
});

export function createServiceLogs(
  parts: LogParts,
): Pick<Workload, "logs" | "followLogs"> & { kept: KeptLogs } {
  const { tasks, watch, clock } = parts;
  const live = createLogs(parts.exec, { last: serviceLogsArgs, follow: followServiceLogsArgs });
  const pathOf = (service: string) => join(parts.directory, `${service}.jsonl`);

  async function readKept(service: string): Promise<OutputLine[]> {
    const text = await readFile(pathOf(service), "utf8").catch(() => "");
    return text.split("\n").flatMap((line) => {
      const value = parseJson(line);
      return Value.Check(Line, value) ? [value] : [];
    });
  }

  async function append(service: string, lines: OutputLine[]): Promise<void> {
    if (lines.length === 0) return;
    const all = [...(await readKept(service)), ...lines].slice(-KEPT_LINES);
    let chars = all.reduce((sum, { text }) => sum + text.length, 0);
    while (chars > KEPT_CHARS) chars -= all.shift()?.text.length ?? 0;
    await mkdir(parts.directory, { recursive: true, mode: 0o700 });
    await writeDurably(pathOf(service), all.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  async function last(service: string, tail: number): Promise<{ kept: OutputLine[]; lines: OutputLine[] }> {
    const lines = await live.logs(service, tail);
    const kept = lines.length < tail ? (await readKept(service)).slice(lines.length - tail) : [];
    return { kept, lines };
  }

  return {
    async logs(service, tail) {
      const { kept, lines } = await last(service, tail);
      return [...kept, ...lines];
    },

    async *followLogs(service, { tail, signal }) {
      const task = current(await tasks.ofService(service));
      const { kept, lines } = tail === 0 ? { kept: [], lines: [] } : await last(service, tail);
      yield* kept;
      if (task === undefined || hasEnded(task)) {
        yield* lines;
        return;
      }
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      let end: { failure?: unknown } | undefined;
      watch
        .untilEnded(task, either)
        .then(() => clock.sleep(SETTLE_MS))
        .then(
          () => (end ??= {}),
          (failure: unknown) => (end ??= { failure }),
        )
        .finally(() => over.abort());
      try {
        // The CLI goes on following a service without tasks.
        yield* live.followLogs(service, { tail, signal: either });
      } catch (error) {
        signal.throwIfAborted();
        if (end === undefined) throw error;
        if ("failure" in end) throw end.failure;
      } finally {
        over.abort();
      }
    },

    kept: {
      async keep(service, { isRunning }) {
        const leaving = new AbortController();
        const lines: OutputLine[] = [];
        const read = async () => {
          if (!isRunning) lines.push(...(await live.logs(service, KEPT_LINES)));
          else
            for await (const line of live.followLogs(service, { tail: KEPT_LINES, signal: leaving.signal })) {
              lines.push(line);
              if (lines.length > KEPT_LINES * 2) lines.splice(0, KEPT_LINES);
            }
        };
        // A log that cannot be read holds up no stop.
        const done = read().catch(() => undefined);
        if (!isRunning) await done;
        return {
          async [Symbol.asyncDispose]() {
            if (isRunning) await clock.sleep(SETTLE_MS);
            leaving.abort();
            await done;
            await append(service, lines);
          },
        };
      },
      remove: (service) => rm(pathOf(service), { force: true }),
    },
  };
}
