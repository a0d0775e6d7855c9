import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import program from "../../src/build/compile.py" with { type: "text" };
import { compileModule } from "../../src/build/compile.ts";
import { imageFor } from "../../src/build/settings.ts";
import { createImages } from "../../src/docker/images/image.ts";
import { MISTAKES } from "../fixtures/detection/mistakes.ts";
import { buildSettings, docker } from "./harness-build.ts";

setDefaultTimeout(120_000);

const staging = mkdtempSync(join(tmpdir(), "oken-test-"));
afterAll(() => rmSync(staging, { recursive: true }));

const HOST = { engine: createImages(docker), settings: buildSettings(), staging };

function compile(source: string, pythonVersion = "3.12") {
  return compileModule(HOST, {
    agentId: "test-agent",
    pythonVersion,
    source: Buffer.from(source),
    signal: new AbortController().signal,
    timeoutMs: 60_000,
  });
}

describe("the agent's own Python says what it cannot compile", () => {
  test.each([
    [
      "an open brace",
      "import os\nx = {\n",
      "3.12",
      { type: "SyntaxError", message: "'{' was never closed", line: 2, column: 5 },
    ],
    [
      "an indent",
      "x = 1\n  y = 2\n",
      "3.12",
      { type: "IndentationError", message: "unexpected indent", line: 2, column: 2 },
    ],
    [
      "what a later one allows",
      "match 1:\n    case 1: pass\n",
      "3.9",
      { type: "SyntaxError", message: "invalid syntax", line: 1, column: 7 },
    ],
  ])("%s", async (_, source, pythonVersion, problem) => {
    expect(await compile(source, pythonVersion)).toEqual(problem);
  });

  test("what it can compile, with a warning of its own", async () => {
    expect(await compile("x = 1 is 1\nprint >>x\n")).toBeUndefined();
  });

  test("what is made to exhaust it gets no answer", async () => {
    expect(await compile(`x = ${"lambda: ".repeat(120_000)}1 1\n`)).toBeUndefined();
  });
});

/** What each Python says of all mistakes, by one container. */
async function told(pythonVersion: string): Promise<(string | undefined)[]> {
  const driver = `import json, sys, types
module = types.ModuleType("judge")
exec(${JSON.stringify(program)}, module.__dict__)
print(json.dumps([module.problem(source.encode()) for source in json.loads(sys.argv[1])]))
`;
  const sources = JSON.stringify(MISTAKES.map(([, source]) => source));
  const image = imageFor(HOST.settings.pythonImage, pythonVersion);
  const output = await docker.run([
    ...["run", "--rm", "--network=none", "--entrypoint", "/usr/local/bin/python3", image],
    ...["-I", "-S", "-W", "ignore", "-c", driver, sources],
  ]);
  const problems: ({ type: string; message: string; line: number } | null)[] = JSON.parse(output);
  return problems.map((found) =>
    found === null ? undefined : `${found.type}: ${found.message} (main.py, line ${found.line})`,
  );
}

test.each(["3.9", "3.11", "3.12", "3.13"])(
  "Python %s says of common mistakes what the table has",
  async (pythonVersion) => {
    const minor = Number(pythonVersion.split(".")[1]);
    const says = await told(pythonVersion);
    const others = MISTAKES.flatMap(([name, , expected, since = 10], index) => {
      const isRight = minor >= since ? says[index] === expected : says[index] !== undefined;
      return isRight ? [] : [{ name, expected, says: says[index] }];
    });
    expect(others).toEqual([]);
  },
);
