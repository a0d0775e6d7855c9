import { expect, test } from "bun:test";

import { RunnerError } from "../../src/lib/errors.ts";

test("an error has the status of its code, unless it is given another", () => {
  expect(new RunnerError("AGENT_BUSY", "busy").status).toBe(429);
  expect(new RunnerError("INVALID_REQUEST", "too large", { status: 413 }).status).toBe(413);
});
