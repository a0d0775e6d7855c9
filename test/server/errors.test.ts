import { expect, test } from "bun:test";

import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { errorResponse } from "../../src/server/errors.ts";

function fixture() {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: "info", format: "json", destination });
  return { lines, context: { log, metrics: createMetrics(), requestId: "call-7" } };
}

test("an error of ours is answered with its sentence, code, details, status and headers", async () => {
  const { context, lines } = fixture();
  const error = new RunnerError("AGENT_BUSY", "Agent echo is busy.", {
    details: { retry_after: 3 },
    headers: { "Retry-After": "3" },
  });
  const response = errorResponse(error, context);
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("3");
  expect(await response.json()).toEqual({
    error: "Agent echo is busy.",
    code: "AGENT_BUSY",
    details: { retry_after: 3 },
  });
  expect(lines).toEqual([]);
  expect(await context.metrics.text()).toContain('oken_errors_total{code="AGENT_BUSY"} 1\n');
});

test("without details there is no such key", async () => {
  const response = errorResponse(new RunnerError("NOT_FOUND", "Nothing."), fixture().context);
  expect(await response.json()).toEqual({ error: "Nothing.", code: "NOT_FOUND" });
});

test.each([
  ["an error", new TypeError("secret of the inside")],
  ["a text", "secret of the inside"],
  ["nothing", undefined],
])(
  "the answer to a bug that throws %s has only the request's id, and the log has the rest",
  async (_, error) => {
    const { context, lines } = fixture();
    const response = errorResponse(error, context);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: "Something went wrong inside the runner. Its log has it under request call-7.",
      code: "INTERNAL",
    });
    expect(lines).toEqual([
      expect.objectContaining({ level: "error", request_id: "call-7", msg: "internal error" }),
    ]);
    if (error instanceof Error) expect(JSON.stringify(lines)).toContain("secret of the inside");
  },
);

test("a caller who has left is no error of ours, and what else goes wrong is", () => {
  const { context, lines } = fixture();
  const caller = new AbortController();
  caller.abort();
  const answered = { ...context, signal: caller.signal };
  expect(errorResponse(caller.signal.reason, answered).status).toBe(499);
  expect(errorResponse(new DOMException("The connection was closed.", "AbortError"), answered).status).toBe(
    499,
  );
  expect(lines).toEqual([]);
  expect(errorResponse(new TypeError("a bug"), answered).status).toBe(500);
  expect(errorResponse(caller.signal.reason, context).status).toBe(500);
  expect(lines).toHaveLength(2);
});
