import { expect, test } from "bun:test";

import { ExportResultCode } from "@opentelemetry/core";

import { createLog } from "../../src/lib/log.ts";
import { reportingExporter } from "../../src/tracing/exporter.ts";

const AWAY = { code: ExportResultCode.FAILED, error: new Error("connection refused") };
const TAKEN = { code: ExportResultCode.SUCCESS };

test("a collector that is away is one warning, and its return another line", () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const results = [TAKEN, AWAY, AWAY, AWAY, TAKEN, TAKEN, AWAY];
  const told: unknown[] = [];
  const exporter = reportingExporter(
    { export: (_, done) => done(results[told.length] ?? TAKEN), shutdown: () => Promise.resolve() },
    log,
  );
  while (told.length < results.length) exporter.export([], (result) => void told.push(result));
  expect(told).toEqual(results);
  const away = {
    level: "warn",
    reason: "connection refused",
    msg: "spans do not reach their collector: they are dropped until they do",
  };
  for (const line of lines) delete line["time"];
  expect(lines).toEqual([away, { level: "info", msg: "spans reach their collector again" }, away]);
});
