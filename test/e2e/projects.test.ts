import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";

import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { readTree } from "../helpers/tree.ts";

setDefaultTimeout(300_000);

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const PROJECTS = join(import.meta.dir, "../fixtures/projects");

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe("projects laid out as the documentation of their libraries shows build, start and answer", () => {
  test.each([
    ["no-dependencies", { number: 21 }, 42],
    ["fastapi-uv-lock", { name: "pen", price: 2 }, { name: "pen", price: 4 }],
    ["flask-requirements", { name: "<Ada>" }, { hello: "&lt;Ada&gt;" }],
    ["langgraph-pyproject", { text: "hi" }, { answer: "hello world", version: "1.2.3" }],
    ["openai-poetry-lock", { text: "hi" }, "You said: hi"],
    ["anthropic-pdm-lock", { text: "Claude" }, "Hello, Claude"],
    ["pandas-hashes", { values: [3, 1, 2] }, { mean: 2, sorted: [1, 2, 3] }],
    ["numpy-script", { add: 1 }, { shape: [3, 5], sum: 106 }],
    ["setup-py", { text: "hi" }, { shout: "HI", signed: true, version: "0.3.0" }],
    ["uv-workspace", { number: 3 }, "hello for the 3rd time"],
    ["poetry-no-lock", { name: "Ada" }, "Hello Ada"],
    ["dynamic-setuptools", { name: "Ada" }, "Ada"],
  ] as const)("%s", answers);

  // Its packages are built from source, which test/integration has many tests of.
  test.if(isLong)("source-only", () => answers("source-only", { name: "Titanic" }, "Titanic"));
});

async function answers(project: string, input: object, output: unknown): Promise<void> {
  const deployed = await runner.deploy(project, await readTree(join(PROJECTS, project)));
  expect(deployed.body).toMatchObject({ agent_id: project, status: "running" });
  const answer: { body: unknown } = await runner.invoke(project, input);
  expect(answer.body).toEqual({ output });
}
