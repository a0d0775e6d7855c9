import { Elysia } from "elysia";

import { RunnerError } from "../lib/errors.ts";
import { DEFAULT_TAIL, LOG_FORMATS, type LogFormat, type LogLine, MAX_TAIL } from "../model/api-logs.ts";
import type { ServerContext } from "./context.ts";
import { formatLine } from "./log-format.ts";
import { logsDocs } from "./openapi/logs.ts";
import { type SseEvent, sseResponse } from "./sse.ts";

/** `GET /logs/{id}`: the last lines, also of a stopped agent. With `follow=true`, new lines as they come. */
export function logsController({ agents, clock }: Pick<ServerContext, "agents" | "clock">) {
  return new Elysia({ name: "logs" }).get(
    "/logs/:id",
    async ({ params, query, request }) => {
      agents.find(params.id);
      const tail = parseTail(query["tail"]);
      const format = parseFormat(query["format"]);
      if (!parseFollow(query["follow"])) {
        const lines = (await agents.logs(params.id, tail)).flatMap((line) => formatLine(line, format));
        return { logs: lines.map((line) => `${line}\n`).join("") };
      }
      return sseResponse({ clock, request }, (signal) =>
        asEvents(agents.followLogs(params.id, { tail, signal }), format),
      );
    },
    { detail: logsDocs },
  );
}

async function* asEvents(lines: AsyncIterable<LogLine>, format: LogFormat): AsyncGenerator<SseEvent> {
  for await (const line of lines) for (const data of formatLine(line, format)) yield { data };
}

function parseTail(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_TAIL;
  const tail = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (tail >= 1 && tail <= MAX_TAIL) return tail;
  throw refusal("tail", text, `a whole number from 1 to ${MAX_TAIL}`);
}

function parseFollow(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "false" || text === "0") return false;
  if (text === "true" || text === "1") return true;
  throw refusal("follow", text, "true or false");
}

function parseFormat(text: string | undefined): LogFormat {
  if (text === undefined || text === "") return "text";
  const format = LOG_FORMATS.find((name) => name === text);
  if (format !== undefined) return format;
  throw refusal("format", text, LOG_FORMATS.join(" or "));
}

function refusal(name: string, text: string, allowed: string): RunnerError {
  const given = JSON.stringify(text.slice(0, 40));
  return new RunnerError("INVALID_REQUEST", `${name} is ${given}, but must be ${allowed}.`);
}
