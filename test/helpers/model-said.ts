/** What the stand-in for a model says. */
export type Said =
  { kind: "words"; words: readonly string[] } | { kind: "call"; name: string; arguments: string };

export type Say = (question: string, tools: readonly unknown[] | undefined) => Said;

/** A text, or parts that may have one. */
export type Content = string | { text?: string; content?: Content }[] | null;

export function textOf(content: Content | undefined): string {
  if (typeof content === "string") return content;
  return (content ?? []).map(({ text, content: inner }) => text ?? textOf(inner)).join("");
}

/** Server-sent events with these data, each named by its `type` where it has one. */
export function eventStream(items: readonly (string | object)[]): Response {
  return new Response(
    async function* body() {
      for (const item of items) {
        const name = typeof item === "object" && "type" in item ? `event: ${String(item.type)}\n` : "";
        yield `${name}data: ${typeof item === "string" ? item : JSON.stringify(item)}\n\n`;
      }
    },
    { headers: { "content-type": "text/event-stream" } },
  );
}
