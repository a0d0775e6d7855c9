import { type Content, eventStream, type Said, type Say, textOf } from "./model-said.ts";

type Item = { content?: Content; output?: Content };
type Question = { stream?: boolean; input: string | Item[]; tools?: unknown[] };

/** OpenAI's responses. */
export function answerResponses({ stream = false, input, tools }: Question, say: Say): Response {
  const last = typeof input === "string" ? { content: input } : input.at(-1);
  const said = say(textOf(last?.output ?? last?.content), tools);
  if (!stream) return Response.json(response("completed", [itemOf(said, "completed")]));
  const at = { output_index: 0, item_id: "item-1" };
  const events = [
    { type: "response.created", response: response("in_progress", []) },
    { type: "response.output_item.added", output_index: 0, item: itemOf(begun(said), "in_progress") },
    ...(said.kind === "words" ? textEvents(said.words, at) : callEvents(said.arguments, at)),
    { type: "response.output_item.done", output_index: 0, item: itemOf(said, "completed") },
    { type: "response.completed", response: response("completed", [itemOf(said, "completed")]) },
  ];
  return eventStream(events.map((event, index) => Object.assign(event, { sequence_number: index })));
}

function textEvents(words: readonly string[], at: object) {
  const place = { ...at, content_index: 0 };
  const text = words.join("");
  return [
    { type: "response.content_part.added", ...place, part: partOf("") },
    ...words.map((delta) => ({ type: "response.output_text.delta", ...place, delta, logprobs: [] })),
    { type: "response.output_text.done", ...place, text, logprobs: [] },
    { type: "response.content_part.done", ...place, part: partOf(text) },
  ];
}

function callEvents(args: string, at: object) {
  return [
    { type: "response.function_call_arguments.delta", ...at, delta: args },
    { type: "response.function_call_arguments.done", ...at, arguments: args },
  ];
}

function begun(said: Said): Said {
  return said.kind === "words" ? { kind: "words", words: [] } : { ...said, arguments: "" };
}

function itemOf(said: Said, status: string) {
  if (said.kind === "call") {
    const { name, arguments: args } = said;
    return { type: "function_call", id: "item-1", call_id: "call-1", name, arguments: args, status };
  }
  const content = said.words.length === 0 ? [] : [partOf(said.words.join(""))];
  return { type: "message", id: "item-1", role: "assistant", content, status };
}

function partOf(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function response(status: string, output: readonly object[]) {
  return {
    id: "response-1",
    object: "response",
    created_at: 0,
    model: "stand-in",
    status,
    output,
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    usage: {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 2,
    },
  };
}
