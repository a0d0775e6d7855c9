import { docker } from "./docker.ts";

export type ModelApi = Disposable & {
  /** As agents reach it, for `OPENAI_BASE_URL`. */
  url: string;
  /** The `Authorization` header of each request so far. */
  keys: (string | null)[];
};

type Question = { stream?: boolean; messages: { content: string }[] };

/**
 * Stands in for a model behind chat completions: it repeats the question, word by word if asked to stream. It listens
 * on this host's address in the engine's default network, as a model API would be: somewhere outside the container.
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
          const { messages, stream = false } = (await request.json()) as Question;
          const question = messages.at(-1)?.content ?? "";
          if (question === "")
            return Response.json({ error: { message: "there is no question" } }, { status: 400 });
          const words = ["You ", "asked: ", question];
          return stream ? streamed(words) : Response.json(completion("message", words.join("")));
        },
      },
    },
    fetch: () => Response.json({ error: { message: "no such route" } }, { status: 404 }),
  });
  return { url: `http://${host}:${server.port}/v1`, keys, [Symbol.dispose]: () => void server.stop(true) };
}

function streamed(words: string[]): Response {
  const events = [...words.map((word) => JSON.stringify(completion("delta", word))), "[DONE]"];
  return new Response(
    async function* body() {
      for (const data of events) yield `data: ${data}\n\n`;
    },
    { headers: { "content-type": "text/event-stream" } },
  );
}

function completion(kind: "message" | "delta", content: string) {
  return {
    id: "completion-1",
    object: kind === "delta" ? "chat.completion.chunk" : "chat.completion",
    created: 0,
    model: "stand-in",
    choices: [{ index: 0, [kind]: { role: "assistant", content }, finish_reason: null }],
  };
}
