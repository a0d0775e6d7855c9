import { expect, test } from "bun:test";

import { diag } from "@opentelemetry/api";

import { createLog } from "../../src/lib/log.ts";
import { logDiagnostics } from "../../src/tracing/diagnostics.ts";

test("what the SDK says of its settings is a warning, and of its work only the first time", () => {
  const lines: { level: string; msg: string }[] = [];
  const log = createLog({
    level: "debug",
    format: "json",
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  using diagnostics = logDiagnostics(log);
  diag.warn("this is no address");
  diag.error("nor is this");
  diagnostics.settle();
  diag.debug("nobody asks for it");
  for (const count of [1, 2, 3]) diag.warn(`dropped ${count} spans`);
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ["warn", "this is no address"],
    ["warn", "nor is this"],
    ["warn", "dropped 1 spans"],
    ["debug", "dropped 2 spans"],
    ["debug", "dropped 3 spans"],
  ]);
});
