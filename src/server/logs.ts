import { Elysia } from "elysia";

import { DEFAULT_TAIL, LOG_FORMATS, type LogFormat, type LogLine, MAX_TAIL } from "../model/api-logs.ts";
import type { ServerContext } from "./context.ts";
import { acceptedType } from "./requests/accepted.ts";
import { formatLine, formatPieces } from "./log-format.ts";
import { logsDocs } from "./openapi/logs.ts";
import { type SseEvent, sseResponse } from "./sse.ts";
import { notAllowed } from "./requests/not-allowed.ts";
import { streamedResponse } from "./streamed-response.ts";

/** Media types of answers. */
const JSON_TYPE = "application/json";
const EVENTS = "text/event-stream";
const TEXT = "text/plain";
const NDJSON = "application/x-ndjson";

/** `GET /logs/{id}`: the last lines, also of a stopped agent. With `follow=true`, new lines as they come. */
export function logsController({ agents, clock }: Pick<ServerContext, "agents" | "clock">) {
  return new Elysia({ name: "logs" }).get(
    "/logs/:id",
    async ({ params, query, request }) => {
      agents.find(params.id);
      const tail = parseTail(query["tail"]);
      const follow = parseFollow(query["follow"]);
      const accepted = acceptedType(request, [JSON_TYPE, EVENTS, TEXT, NDJSON]);
      const format = parseFormat(query["format"]) ?? (accepted === NDJSON ? "json" : "text");
      if (follow) {
        const pieces = (signal: AbortSignal) =>
          inPieces(agents.followLogs(params.id, { tail, signal }), format);
        if (accepted !== TEXT && accepted !== NDJSON)
          return sseResponse({ clock, request }, (signal) => asEvents(pieces(signal)));
        return streamedResponse({ clock, request }, { type: accepted, beat: undefined }, (signal) =>
          asLines(pieces(signal)),
        );
      }
      const lines = await agents.logs(params.id, tail);
      const logs = lines.map((line) => `${formatLine(line, format)}\n`).join("");
      const type = accepted === undefined && format === "json" ? NDJSON : accepted;
      if (type !== TEXT && type !== NDJSON) return { logs };
      return new Response(logs, { headers: { "Content-Type": `${type}; charset=utf-8` } });
    },
    { detail: logsDocs },
  );
}

async function* inPieces(lines: AsyncIterable<LogLine>, format: LogFormat): AsyncGenerator<string> {
  for await (const line of lines) yield* formatPieces(line, format);
}

async function* asEvents(pieces: AsyncIterable<string>): AsyncGenerator<SseEvent> {
  for await (const data of pieces) yield { data };
}

async function* asLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const piece of pieces) yield `${piece}\n`;
}

function parseTail(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_TAIL;
  const tail = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (tail >= 1 && tail <= MAX_TAIL) return tail;
  throw notAllowed("tail", text, `a whole number from 1 to ${MAX_TAIL}`);
}

function parseFollow(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "false" || text === "0") return false;
  if (text === "true" || text === "1") return true;
  throw notAllowed("follow", text, "true or false");
}

function parseFormat(text: string | undefined): LogFormat | undefined {
  if (text === undefined || text === "") return undefined;
  const format = LOG_FORMATS.find((name) => name === text);
  if (format !== undefined) return format;
  throw notAllowed("format", text, LOG_FORMATS.join(" or "));
}
