import { type Content, eventStream, type Say, textOf } from "./model-said.ts";

type Question = { stream?: boolean; messages: { content: Content }[]; tools?: unknown[] };

/** Chat completions, as OpenAI has them and many others. */
export function answerChat({ stream = false, messages, tools }: Question, say: Say): Response {
  const question = textOf(messages.at(-1)?.content);
  if (question === "") return Response.json({ error: { message: "there is no question" } }, { status: 400 });
  const said = say(question, tools);
  if (said.kind === "call") {
    const { name, arguments: args } = said;
    const calls = [{ index: 0, id: "call-1", type: "function", function: { name, arguments: args } }];
    return stream
      ? eventStream([
          completion("delta", { tool_calls: calls }),
          completion("delta", {}, "tool_calls"),
          "[DONE]",
        ])
      : Response.json(completion("message", { content: null, tool_calls: calls }, "tool_calls"));
  }
  if (!stream) return Response.json(completion("message", { content: said.words.join("") }, "stop"));
  const words = said.words.map((content) => completion("delta", { content }));
  return eventStream([...words, completion("delta", {}, "stop"), "[DONE]"]);
}

function completion(kind: "message" | "delta", said: object, finish: string | null = null) {
  return {
    id: "completion-1",
    object: kind === "delta" ? "chat.completion.chunk" : "chat.completion",
    created: 0,
    model: "stand-in",
    choices: [{ index: 0, [kind]: { role: "assistant", ...said }, finish_reason: finish }],
    // A piece of a stream has none.
    ...(kind === "message" && { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
  };
}
