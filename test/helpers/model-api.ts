import { docker } from "./docker.ts";
import { answerChat } from "./model-chat.ts";
import { answerMessages } from "./model-messages.ts";
import { answerResponses } from "./model-responses.ts";
import type { Said } from "./model-said.ts";

export type ModelApi = Disposable & {
  /** As agents reach it, for `OPENAI_BASE_URL`. Anthropic's clients take it without its path. */
  url: string;
  /** The key in each request so far, as it was sent. */
  keys: (string | null)[];
};

/** A last line that has the model call a tool: `tool add {"a": 1, "b": 2}`. */
const TOOL_CALL = /(?:^|\n)tool (\w+) (\{.*\})$/su;

/**
 * Stands in for a model behind chat completions, OpenAI's responses or Anthropic's messages: it repeats the question,
 * word by word if asked to stream, or calls the tool that the question names. It listens on this host's address in the
 * engine's default network, as a model API would be: somewhere outside the container.
 */
export async function startModelApi(): Promise<ModelApi> {
  const [host = ""] = await docker([
    "network",
    "inspect",
    "bridge",
    "--format",
    "{{(index .IPAM.Config 0).Gateway}}",
  ]);
  const keys: (string | null)[] = [];
  const route = (answer: (body: never, say: typeof sayTo) => Response) => ({
    async POST(request: Request) {
      keys.push(request.headers.get("authorization") ?? request.headers.get("x-api-key"));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stand-in trusts its client
      return answer((await request.json()) as never, sayTo);
    },
  });
  const server = Bun.serve({
    hostname: host,
    port: 0,
    routes: {
      "/v1/chat/completions": route(answerChat),
      "/v1/messages": route(answerMessages),
      "/v1/responses": route(answerResponses),
    },
    fetch: () => Response.json({ error: { message: "no such route" } }, { status: 404 }),
  });
  return { url: `http://${host}:${server.port}/v1`, keys, [Symbol.dispose]: () => void server.stop(true) };
}

function sayTo(question: string, tools: readonly unknown[] | undefined): Said {
  const [, name = "", args = ""] = (tools === undefined ? null : TOOL_CALL.exec(question)) ?? [];
  return name === ""
    ? { kind: "words", words: ["You ", "asked: ", question] }
    : { kind: "call", name, arguments: args };
}
