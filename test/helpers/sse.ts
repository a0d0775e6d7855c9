export type SentEvent = { id: number | undefined; event: string; data: string };

/** The events of a stream as they come; comments are passed over. */
export async function* readEvents(response: Response): AsyncGenerator<SentEvent> {
  let rest = "";
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) if (!block.startsWith(":")) yield parse(block);
  }
}

function parse(block: string): SentEvent {
  const fields = (name: string) =>
    block
      .split("\n")
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2));
  const [id] = fields("id");
  return {
    id: id === undefined ? undefined : Number(id),
    event: fields("event")[0] ?? "message",
    data: fields("data").join("\n"),
  };
}
