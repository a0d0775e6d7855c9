import type { Client } from "../../client/client.ts";
import { ApiError, type ErrorBody, isErrorBody } from "../../client/errors.ts";
import { readEvents } from "../../client/events.ts";
import { invokePath } from "../../client/paths.ts";
import { STATUS_OF_CODE } from "../../lib/errors.ts";
import { parseJson } from "../../lib/json.ts";
import type { Context } from "../context.ts";
import { Failure, usageFailure } from "../failure.ts";
import type { Output } from "../output/output.ts";
import { safeText } from "../output/safe-line.ts";
import { textOf } from "./input.ts";

type HandlerCall = {
  agent: string;
  input?: string | undefined;
  stream?: true | undefined;
  json?: true | undefined;
};

/** Calls a function or a class with an input, and prints what it returns. */
export async function callHandler(context: Context, client: Client, call: HandlerCall): Promise<void> {
  const { agent, input = "{}", stream, json } = call;
  const text = await textOf(context, input);
  if (parseJson(text) === undefined) {
    throw usageFailure(
      `the input is not JSON: ${text.slice(0, 60)}`,
      `Quote it as in: oken-runner invoke ${agent} '{"name": "Ada"}'`,
    );
  }
  const answer = await client.send(invokePath(agent), {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: stream ? "text/event-stream" : "application/json",
    },
    body: `{"input":${text}}`,
  });
  if (answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    return await printItems(context.out, answer, { client, json: json === true });
  }
  printAnswer(context.out, await answer.text(), json === true);
}

/** As it is for a program; for a terminal without what that would obey. */
function shown(out: Output, text: string): string {
  return out.isTerminal ? safeText(text) : text;
}

/** What an agent of its own server answers may be anything. */
function printAnswer(out: Output, text: string, json: boolean): void {
  const body = parseJson(text);
  if (json || typeof body !== "object" || body === null || !("output" in body))
    return out.line(shown(out, text.trimEnd()));
  const { output } = body;
  const isText = typeof output === "string";
  out.line(shown(out, isText ? output : JSON.stringify(output, null, out.isTerminal ? 2 : undefined)));
}

async function printItems(
  out: Output,
  answer: Response,
  { client, json }: { client: Client; json: boolean },
) {
  let isWithinLine = false;
  const endLine = () => {
    if (isWithinLine) out.line();
    isWithinLine = false;
  };
  try {
    for await (const { event, data } of readEvents(answer, client.address.shown)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document of the API says what comes
      if (event === "error") throw new ApiError(502, JSON.parse(data) as ErrorBody);
      if (event !== "data") continue;
      const item: unknown = parseJson(data);
      if (typeof item === "string" && !json) {
        out.write(shown(out, item));
        isWithinLine = !item.endsWith("\n");
      } else {
        endLine();
        out.line(shown(out, data));
      }
    }
  } finally {
    endLine();
  }
}

type PathCall = {
  agent: string;
  path: string;
  method?: string | undefined;
  headers: readonly string[];
  input?: string | undefined;
};

/** Sends a request to a web application, and prints its answer as it comes. */
export async function callPath(context: Context, client: Client, call: PathCall): Promise<void> {
  const { agent, path, headers, input } = call;
  const body = input === undefined ? undefined : await textOf(context, input);
  const { method = body === undefined ? "GET" : "POST" } = call;
  const isJson = body !== undefined && parseJson(body) !== undefined;
  const answer = await client.ask(`${invokePath(agent)}/${path.replace(/^\//, "")}`, {
    method,
    headers: {
      ...(isJson && { "content-type": "application/json" }),
      ...Object.fromEntries(headers.map(headerOf)),
    },
    ...(body !== undefined && { body }),
  });
  const refusal = answer.status < 400 ? undefined : await refusalOf(answer);
  if (refusal !== undefined) throw refusal;
  await printBody(context.out, answer);
  if (answer.status >= 400) throw new Failure(`${method} ${path} was answered ${answer.status}.`);
}

/** What the runner itself says no with, since the request never came to the agent. */
async function refusalOf(answer: Response): Promise<ApiError | undefined> {
  if (!answer.headers.get("content-type")?.startsWith("application/json")) return undefined;
  const body = parseJson(await answer.clone().text());
  if (!isErrorBody(body) || !Object.hasOwn(STATUS_OF_CODE, body.code)) return undefined;
  return new ApiError(answer.status, body);
}

async function printBody(out: Output, { body }: Response): Promise<void> {
  if (!out.isTerminal) {
    for await (const chunk of body ?? []) out.write(chunk);
    return;
  }
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) out.write(safeText(decoder.decode(chunk, { stream: true })));
  out.line(safeText(decoder.decode()));
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name.toLowerCase(), value];
  throw usageFailure(`${JSON.stringify(text)} is no header.`, "Write it as in: -H 'Accept: text/plain'");
}
