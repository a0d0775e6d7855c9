import { Elysia } from "elysia";

import { RunnerError } from "../errors.ts";
import { DEFAULT_TAIL, MAX_TAIL } from "../model/api.ts";
import type { ServerContext } from "./context.ts";
import { logsDocs } from "./openapi/logs.ts";
import { type SseEvent, sseResponse } from "./sse.ts";

/** `GET /logs/{id}`: the last lines, of a stopped agent too; with `follow=true` lines as they come. */
export function logsController({ agents }: ServerContext) {
  return new Elysia({ name: "logs" }).get(
    "/logs/:id",
    async ({ params, query, request }) => {
      agents.find(params.id);
      const tail = parseTail(query["tail"]);
      if (!parseFollow(query["follow"])) return { logs: await agents.logs(params.id, tail) };
      const ended = new AbortController();
      const signal = AbortSignal.any([request.signal, ended.signal]);
      const lines = agents.followLogs(params.id, { tail, signal });
      return sseResponse(asEvents(lines), { onEnd: () => ended.abort() });
    },
    { detail: logsDocs },
  );
}

async function* asEvents(lines: AsyncIterable<string>): AsyncGenerator<SseEvent> {
  for await (const data of lines) yield { data };
}

function parseTail(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_TAIL;
  const tail = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (tail >= 1 && tail <= MAX_TAIL) return tail;
  throw new RunnerError(
    "INVALID_REQUEST",
    `tail is ${JSON.stringify(text.slice(0, 40))}, but must be a whole number from 1 to ${MAX_TAIL}.`,
  );
}

function parseFollow(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "false" || text === "0") return false;
  if (text === "true" || text === "1") return true;
  throw new RunnerError(
    "INVALID_REQUEST",
    `follow is ${JSON.stringify(text.slice(0, 40))}, but must be true or false.`,
  );
}
