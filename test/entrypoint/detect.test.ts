import { describe, expect, test } from "bun:test";

import { RunnerError } from "../../src/lib/errors.ts";
import type { Entrypoint } from "../../src/model/entrypoint.ts";
import { type Detection, detectEntrypoint } from "../../src/entrypoint/detect.ts";
import type { AgentPython } from "../../src/python/project.ts";
import { manifestOf } from "../helpers/manifest.ts";
import { temporaryTree } from "../helpers/tree.ts";
import type { DetectionCase } from "../fixtures/detection/case.ts";
import { AGENTS } from "../fixtures/detection/agents.ts";
import { APPLICATIONS } from "../fixtures/detection/applications.ts";
import { EXPLICIT } from "../fixtures/detection/explicit.ts";
import { FACTORIES } from "../fixtures/detection/factories.ts";
import { HANDLERS } from "../fixtures/detection/handlers.ts";
import { NAMES_ELSEWHERE } from "../fixtures/detection/names-elsewhere.ts";
import { LAYOUTS } from "../fixtures/detection/layouts.ts";
import { REFUSED_HANDLERS } from "../fixtures/detection/refused-handlers.ts";
import { SDK_OBJECTS } from "../fixtures/detection/sdk-objects.ts";
import { SCRIPTS } from "../fixtures/detection/scripts.ts";
import { SYNTAX } from "../fixtures/detection/syntax.ts";

describe("handlers", () => table(HANDLERS));
describe("what is no handler", () => table(REFUSED_HANDLERS));
describe("agents", () => table(AGENTS));
describe("web applications", () => table(APPLICATIONS));
describe("agents of SDKs", () => table(SDK_OBJECTS));
describe("factories", () => table(FACTORIES));
describe("scripts", () => table(SCRIPTS));
describe("what oken.toml names", () => table(EXPLICIT));
describe("names of another place", () => table(NAMES_ELSEWHERE));
describe("layouts", () => table(LAYOUTS));
describe("syntax", () => table(SYNTAX, () => Promise.resolve(undefined)));

/** Of what is usual there is no doubt: Python is asked only where there is, which takes a second. */
const unasked: AgentPython["compile"] = () => Promise.reject(new Error("Python was asked about it"));

function table(cases: readonly DetectionCase[], compile: AgentPython["compile"] = unasked): void {
  test.each(cases.map((example) => [example.name, example] as const))("%s", async (_, example) => {
    const { files } = example;
    await using tree = await temporaryTree(typeof files === "string" ? { "main.py": files } : files);
    const outcome = await detected(tree.path, example, compile);
    if ("refused" in example) {
      expect(outcome).toBeInstanceOf(RunnerError);
      expect(outcome).toMatchObject({ code: "CONFIG_ERROR", message: example.refused });
      return;
    }
    if (outcome instanceof Error) throw outcome;
    expect(short(outcome.entrypoint)).toBe(example.gives);
    expect(outcome.warnings).toEqual([...(example.warns ?? [])]);
    expect(outcome.entrypoint).toMatchObject(example.more ?? {});
    if (example.reason !== undefined) expect(outcome.entrypoint.reason).toBe(example.reason);
  });
}

async function detected(
  tree: string,
  { toml }: DetectionCase,
  compile: AgentPython["compile"],
): Promise<Detection | Error> {
  const manifest = manifestOf({
    entrypointFile: toml?.file ?? "main.py",
    entrypointAttr: toml?.attr,
    entrypointType: toml?.type,
    port: toml?.port ?? 8080,
  });
  try {
    return await detectEntrypoint({ tree, manifest, compile });
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** An entrypoint in the notation of {@link DetectionCase}. */
function short({ type, file, module, root, attr, factory, mode, serve }: Entrypoint): string {
  const how = serve === "auto" ? "" : ` as ${serve}`;
  if (mode === "script") return `${type} script ${file}${how}`;
  return `${type} ${root === "" ? "" : `${root}/`}${module}:${attr}${factory ? "()" : ""}${how}`;
}
