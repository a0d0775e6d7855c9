import { describe, expect, test } from "bun:test";

import { containerSpec } from "../../src/instance/container-spec.ts";
import { createNames } from "../../src/instance/names.ts";
import { readManifest } from "../../src/manifest/manifest.ts";
import { MANIFEST_DEFAULTS } from "../helpers/manifest.ts";
import { versionRecord } from "../helpers/records.ts";
import { temporaryTree } from "../helpers/tree.ts";

const NAMED = '[agent]\nname = "a"\n';

async function read(toml: string) {
  await using tree = await temporaryTree({ "oken.toml": toml, "main.py": "" });
  const { manifest, warnings } = await readManifest(tree.path, MANIFEST_DEFAULTS);
  expect(warnings).toEqual([]);
  return manifest.env;
}

describe("[env] gives plain variables", () => {
  test.each<[title: string, toml: string, env: Record<string, string> | undefined]>([
    ["none", NAMED, undefined],
    ["an empty table", `${NAMED}[env]\n`, undefined],
    ["beside [agent]", `${NAMED}[env]\nMODEL = "small"\n`, { MODEL: "small" }],
    ["below keys at the top", 'name = "a"\n[env]\nMODEL = "small"\n', { MODEL: "small" }],
    ["inside [agent]", `${NAMED}[agent.env]\nMODEL = "small"\n`, { MODEL: "small" }],
    [
      "numbers and truth values",
      `${NAMED}[env]\nRETRIES = 3\nRATE = 0.5\nDEBUG = true\n`,
      { RETRIES: "3", RATE: "0.5", DEBUG: "true" },
    ],
    ["exact text", `${NAMED}[env]\nTEXT = "a=\\"b\\"\\n$HOME ü"\n`, { TEXT: 'a="b"\n$HOME ü' }],
    ["an empty text", `${NAMED}[env]\n_x1 = ""\n`, { _x1: "" }],
  ])("%s", async (_, toml, env) => {
    expect(await read(toml)).toEqual(env);
  });

  test.each([
    ["a reserved name", "PATH = 'x'", 'oken.toml line 4: PATH = "x" is not allowed; the name is reserved'],
    ["a name of the runner's", "OKEN_SPEC = 'x'", "the name is reserved"],
    ["a name of the loader's", "LD_PRELOAD = 'x'", "the name is reserved"],
    ["a name of Python's", "PYTHONPATH = 'x'", "the name is reserved"],
    ["the port", "PORT = 1", "the name is reserved"],
    ["a name with a hyphen", "my-name = 'x'", "the name of a variable matches"],
    ["a name with an equals sign", '"A=B" = "x"', "the name of a variable matches"],
    ["a list", "A = ['x']", "it is a text in quotes"],
    ["a table", "A = { b = 'x' }", "it is a text in quotes"],
    ["a date", "A = 2026-01-01", "it is a text in quotes"],
    ["a NUL", 'A = "\\u0000"', "no environment can carry"],
    ["more than fits", `A = "${"x".repeat(40_000)}"`, "at most 32768 are taken"],
  ])("%s is refused", async (_, line, message) => {
    expect(read(`${NAMED}[env]\n${line}\n`)).rejects.toMatchObject({
      code: "CONFIG_ERROR",
      message: expect.stringContaining(message),
    });
  });

  test("no table is refused", async () => {
    expect(read('name = "a"\nenv = "x"\n')).rejects.toMatchObject({ code: "CONFIG_ERROR" });
  });
});

test("the program inside the container is told them, and no argument of Docker's is", () => {
  const record = versionRecord(1);
  const version = { ...record, manifest: { ...record.manifest, env: { MODEL: "small" } } };
  const files = {
    secretsPath: () => "/secrets",
    passwdPath: () => "/passwd",
    readSecrets: () => Promise.resolve({}),
    requireThere: () => Promise.resolve(),
    during: <T>(_: string, __: number, work: () => Promise<T>) => work(),
  };
  const options = {
    names: createNames("abc", "key"),
    files,
    containerPort: 8080,
    redactLogs: false,
    logRate: 0,
  };
  const { env } = containerSpec("echo", version, options);
  expect(JSON.parse(env["OKEN_SPEC"] ?? "")).toMatchObject({ env: { MODEL: "small" } });
  expect(Object.keys(env)).not.toContain("MODEL");
});
