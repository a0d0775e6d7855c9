import { expect, test } from "bun:test";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { startRunner } from "../helpers/runner.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const UV = join(import.meta.dir, "../../.venv/bin/uv");
/** Has it prune nothing: builds of other tests share the cache. */
const HOOKS = join(import.meta.dir, "../fixtures/schemathesis/hooks.py");
const SECONDS = 600;
const TEST_TIMEOUT_MS = 900_000;

/** A 5xx may be right: the agent raises for what it does not expect. The document says which there are. */
const CHECKS = ["status_code_conformance", "content_type_conformance", "response_schema_conformance"];

test.if(isLong)(
  "whatever schemathesis makes of the OpenAPI document is answered as that says",
  async () => {
    await using runner = await startRunner();
    await runner.deploy("echo", HANDLER);
    const child = Bun.spawn(
      [
        ...[UV, "tool", "run", "--from", "schemathesis==4.32.5", "schemathesis"],
        ...["run", `${runner.url}/openapi.json`, "--url", runner.url],
        ...["--checks", CHECKS.join(",")],
        ...["--max-time", String(SECONDS), "--request-timeout", "60"],
        ...["--continue-on-failure", "--no-color"],
        ...["--generation-database", "none", "--suppress-health-check", "all"],
      ],
      { env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS }, stdout: "pipe", stderr: "pipe" },
    );
    const [said, complaint, status] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    expect({ status, said: status === 0 ? "" : said + complaint }).toEqual({ status: 0, said: "" });
    const internal = runner.log().filter(({ msg }) => msg === "internal error");
    expect(internal).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);
