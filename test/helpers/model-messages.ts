import { type Content, eventStream, type Said, type Say, textOf } from "./model-said.ts";

type Question = { stream?: boolean; messages: { content: Content }[]; tools?: unknown[] };

/** Anthropic's messages. */
export function answerMessages({ stream = false, messages, tools }: Question, say: Say): Response {
  const said = say(textOf(messages.at(-1)?.content), tools);
  const stop_reason = said.kind === "call" ? "tool_use" : "end_turn";
  if (!stream) return Response.json({ ...message([blockOf(said)]), stop_reason });
  const deltas =
    said.kind === "call"
      ? [{ type: "input_json_delta", partial_json: said.arguments }]
      : said.words.map((text) => ({ type: "text_delta", text }));
  return eventStream([
    { type: "message_start", message: message([]) },
    { type: "content_block_start", index: 0, content_block: begun(said) },
    ...deltas.map((delta) => ({ type: "content_block_delta", index: 0, delta })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } },
    { type: "message_stop" },
  ]);
}

function begun(said: Said) {
  return said.kind === "call" ? { ...blockOf(said), input: {} } : { type: "text", text: "" };
}

function blockOf(said: Said) {
  if (said.kind === "words") return { type: "text", text: said.words.join("") };
  const input: unknown = JSON.parse(said.arguments);
  return { type: "tool_use", id: "call-1", name: said.name, input };
}

function message(content: readonly object[]) {
  return {
    id: "message-1",
    type: "message",
    role: "assistant",
    model: "stand-in",
    content,
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
}
