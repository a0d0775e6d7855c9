import { docker } from "./docker.ts";

export type ModelApi = Disposable & {
  /** As agents reach it, for `OPENAI_BASE_URL`. */
  url: string;
  /** The `Authorization` header of each request so far. */
  keys: (string | null)[];
};

type Question = { stream?: boolean; messages: { role?: string; content: Content }[]; tools?: unknown[] };
type Content = string | { text?: string }[] | null;

/** A question that has the model call a tool: `tool add {"a": 1, "b": 2}`. */
const TOOL_CALL = /^tool (\w+) (\{.*\})$/su;

/**
 * Stands in for a model behind chat completions: it repeats the question, word by word if asked to stream, or calls the
 * tool that the question names. It listens on this host's address in the engine's default network, as a model API would
 * be: somewhere outside the container.
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
  const server = Bun.serve({
    hostname: host,
    port: 0,
    routes: {
      "/v1/chat/completions": {
        async POST(request) {
          keys.push(request.headers.get("authorization"));
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stand-in trusts its client
          const { messages, tools, stream = false } = (await request.json()) as Question;
          const question = textOf(messages.at(-1)?.content ?? "");
          if (question === "")
            return Response.json({ error: { message: "there is no question" } }, { status: 400 });
          const call = tools === undefined ? null : TOOL_CALL.exec(question);
          if (call !== null) {
            const [, name = "", args = ""] = call;
            const calls = [{ index: 0, id: "call-1", type: "function", function: { name, arguments: args } }];
            return stream
              ? streamed([completion("delta", { tool_calls: calls }, "tool_calls")])
              : Response.json(completion("message", { content: null, tool_calls: calls }, "tool_calls"));
          }
          const words = ["You ", "asked: ", question];
          return stream
            ? streamed([
                ...words.map((content) => completion("delta", { content })),
                completion("delta", {}, "stop"),
              ])
            : Response.json(completion("message", { content: words.join("") }, "stop"));
        },
      },
    },
    fetch: () => Response.json({ error: { message: "no such route" } }, { status: 404 }),
  });
  return { url: `http://${host}:${server.port}/v1`, keys, [Symbol.dispose]: () => void server.stop(true) };
}

function textOf(content: Content): string {
  if (typeof content === "string" || content === null) return content ?? "";
  return content.map(({ text }) => text ?? "").join("");
}

function streamed(chunks: readonly unknown[]): Response {
  const events = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"];
  return new Response(
    async function* body() {
      for (const data of events) yield `data: ${data}\n\n`;
    },
    { headers: { "content-type": "text/event-stream" } },
  );
}

function completion(kind: "message" | "delta", said: object, finish: string | null = null) {
  return {
    id: "completion-1",
    object: kind === "delta" ? "chat.completion.chunk" : "chat.completion",
    created: 0,
    model: "stand-in",
    choices: [{ index: 0, [kind]: { role: "assistant", ...said }, finish_reason: finish }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}
