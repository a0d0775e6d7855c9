import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { AGENTCORE } from "../fixtures/sdks/agentcore.ts";
import { AGNO } from "../fixtures/sdks/agno.ts";
import { AUTOGEN } from "../fixtures/sdks/autogen.ts";
import { CREWAI } from "../fixtures/sdks/crewai.ts";
import { GOOGLE_ADK } from "../fixtures/sdks/google-adk.ts";
import { HAYSTACK } from "../fixtures/sdks/haystack.ts";
import { LANGCHAIN } from "../fixtures/sdks/langchain.ts";
import { LANGGRAPH, LANGGRAPH_0 } from "../fixtures/sdks/langgraph.ts";
import { LLAMA_INDEX } from "../fixtures/sdks/llama-index.ts";
import { OPENAI_AGENTS } from "../fixtures/sdks/openai-agents.ts";
import { OLDER_PYDANTIC_AI, PYDANTIC_AI } from "../fixtures/sdks/pydantic-ai.ts";
import { SMOLAGENTS } from "../fixtures/sdks/smolagents.ts";
import { STRANDS } from "../fixtures/sdks/strands.ts";
import type { SdkCase } from "../fixtures/sdks/case.ts";
import { checkCall } from "../helpers/author-cases.ts";
import { type ModelApi, startModelApi } from "../helpers/model-api.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** `make soak` runs these too: their packages are large. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const LIGHT = [LANGGRAPH, PYDANTIC_AI];
const HEAVY = [
  LANGGRAPH_0,
  ...LANGCHAIN,
  ...OLDER_PYDANTIC_AI,
  ...OPENAI_AGENTS,
  ...SMOLAGENTS,
  ...CREWAI,
  ...GOOGLE_ADK,
  ...STRANDS,
  ...LLAMA_INDEX,
  ...AUTOGEN,
  ...HAYSTACK,
  ...AGNO,
  AGENTCORE,
];

let runner: TestRunner;
let modelApi: ModelApi;
beforeAll(async () => {
  modelApi = await startModelApi();
  runner = await startRunner({
    OKEN_EGRESS_ALLOW: new URL(modelApi.url).host,
    // Some SDKs import for long, and more so where other tests run.
    OKEN_HEALTH_CHECK_TIMEOUT: "120",
  });
});
afterAll(async () => {
  modelApi[Symbol.dispose]();
  await runner[Symbol.asyncDispose]();
});

describe("the first example of an SDK is deployed as it stands, answers and streams", () => {
  test.each(named(LIGHT))("%s", (_, example) => check(example));
  test.skipIf(!isLong).each(named(HEAVY))("%s", (_, example) => check(example));
});

function named(cases: readonly SdkCase[]) {
  return cases.map((example) => [example.name, example] as const);
}

async function check({
  name,
  main,
  files: beside,
  packages,
  toml = "",
  reason,
  calls,
}: SdkCase): Promise<void> {
  const id = name.replaceAll(/\W+/gu, "-");
  // The model's stand-in is on this host, which agents reach only where both sides say so.
  const allowed = `\n[network]\nallow = ["${new URL(modelApi.url).host}"]\n`;
  const files = {
    ...beside,
    "main.py": main,
    "requirements.txt": packages,
    "oken.toml": `[agent]\nname = "${name}"\n${toml}${allowed}`,
  };
  const secrets = {
    OPENAI_API_KEY: "sk-example",
    OPENAI_BASE_URL: modelApi.url,
    ANTHROPIC_API_KEY: "sk-example",
    ANTHROPIC_BASE_URL: new URL(modelApi.url).origin,
    OPENAI_AGENTS_DISABLE_TRACING: "1",
  };
  const { body } = await runner.deploy(id, files, secrets);
  expect(body).toMatchObject({ status: "running", entrypoint_type: "agent", entrypoint_reason: reason });
  for (const call of calls) await checkCall(runner, id, call);
  expect((await runner.request("DELETE", `/agents/${id}`)).status).toBe(204);
}
