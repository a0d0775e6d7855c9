export type StreamedChunk = { stream: "stdout" | "stderr"; text: string };

type Output = AsyncIterable<Uint8Array>;
type Arrival = { source: Source; result: IteratorResult<Uint8Array> } | { error: unknown };
type Source = {
  stream: StreamedChunk["stream"];
  chunks: AsyncIterator<Uint8Array>;
  decoder: TextDecoder;
};

/** Both outputs as text, in the order of arrival. Of each, one chunk is read ahead of the consumer. */
export async function* mergedOutput(stdout: Output, stderr: Output): AsyncGenerator<StreamedChunk> {
  const arrivals: Arrival[] = [];
  let wake: (() => void) | undefined;
  const arrived = (arrival: Arrival) => {
    arrivals.push(arrival);
    wake?.();
  };
  // Not by `Promise.race`: what is silent for long would remember each chunk of the other.
  const ask = (source: Source) => {
    source.chunks.next().then(
      (result) => arrived({ source, result }),
      (error: unknown) => arrived({ error }),
    );
  };
  ask(sourceOf("stdout", stdout));
  ask(sourceOf("stderr", stderr));
  for (let open = 2; open > 0;) {
    const arrival = arrivals.shift();
    if (arrival === undefined) {
      await new Promise<void>((resolve) => (wake = resolve));
      continue;
    }
    if ("error" in arrival) throw arrival.error;
    const { source, result } = arrival;
    const { stream, decoder } = source;
    if (result.done) open -= 1;
    else ask(source);
    const text = result.done ? decoder.decode() : decoder.decode(result.value, { stream: true });
    if (text !== "") yield { stream, text };
  }
}

function sourceOf(stream: StreamedChunk["stream"], output: Output): Source {
  return { stream, chunks: output[Symbol.asyncIterator](), decoder: new TextDecoder() };
}
