import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Call } from "../fixtures/authors/case.ts";
import { checkCall } from "../helpers/author-cases.ts";
import { type ModelApi, startModelApi } from "../helpers/model-api.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { readTree } from "../helpers/tree.ts";

const EXAMPLES = resolve(import.meta.dir, "../../examples");

/** What an example says of itself in `example.json`: `{model_api}` stands for the address of a model. */
type Example = { secrets?: Record<string, string>; calls: Call[] };

let runner: TestRunner;
let modelApi: ModelApi;
beforeAll(async () => {
  modelApi = await startModelApi();
  runner = await startRunner({ OKEN_EGRESS_ALLOW: new URL(modelApi.url).host });
});
afterAll(async () => {
  modelApi[Symbol.dispose]();
  await runner[Symbol.asyncDispose]();
});

const names = readdirSync(EXAMPLES, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

describe("each example is deployed and answers as its example.json says", () => {
  test.each(names)("%s", async (name) => {
    const files = await readTree(join(EXAMPLES, name));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each call is checked by what it answers
    const example = JSON.parse(files["example.json"] ?? "{}") as Partial<Example>;
    const { secrets = {}, calls = [] } = example;
    // The model's stand-in is on this host, which agents reach only where both sides say so.
    if (JSON.stringify(secrets).includes("{model_api}"))
      files["oken.toml"] += `\n[network]\nallow = ["${new URL(modelApi.url).host}"]\n`;
    expect(calls).not.toBeEmpty();
    const deployed = await runner.deploy(name, files, withAddress(secrets));
    expect(deployed.body).toMatchObject({ agent_id: name, status: "running" });
    for (const call of calls) await checkCall(runner, name, call);
  });
});

test("the key of the model reaches the model", () => {
  expect(new Set(modelApi.keys)).toEqual(new Set(["Bearer sk-example"]));
});

function withAddress(secrets: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => [name, value.replace("{model_api}", modelApi.url)]),
  );
}
