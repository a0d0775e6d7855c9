/** What a runner was asked. */
export type Asked = { method: string; path: string; headers: Headers; body: string };

type Answer = (asked: Asked) => Response | Promise<Response>;

export type FakeRunner = Disposable & { url: string; asked: Asked[] };

/** Answers like a runner, by method and path without query; anything else is not found. */
export function fakeRunner(answers: Record<string, Answer>): FakeRunner {
  const asked: Asked[] = [];
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      const it = { method, headers, path: `${pathname}${search}`, body: await request.text() };
      asked.push(it);
      const answer = answers[`${method} ${pathname}`];
      return (await answer?.(it)) ?? errorAnswer(404, "AGENT_NOT_FOUND", 'There is no agent "x".');
    },
  });
  return { url: server.url.href, asked, [Symbol.dispose]: () => void server.stop(true) };
}

export function errorAnswer(status: number, code: string, error: string, details = {}): Response {
  return Response.json({ error, code, details }, { status });
}

/** A stream of events, each with its data in JSON. */
export function eventsAnswer(events: readonly (readonly [event: string, data: unknown])[]): Response {
  const text = events.map(
    ([event, data], id) => `id: ${id + 1}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
  );
  return new Response(`:\n\n${text.join("")}`, { headers: { "content-type": "text/event-stream" } });
}

export const DEPLOYED = {
  agent_id: "hello",
  status: "running",
  endpoint: "/invoke/hello",
  version: 3,
  entrypoint_type: "handler",
  entrypoint_reason: "handler in main.py is a function",
  dependency_style: "none",
  unchanged: false,
  warnings: [],
  timings_ms: { build: 1840, start: 310, total: 2170 },
};
