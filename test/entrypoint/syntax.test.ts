import { describe, expect, test } from "bun:test";

import { detectEntrypoint } from "../../src/entrypoint/detect.ts";
import { messageOf } from "../../src/lib/errors.ts";
import { MISTAKES } from "../fixtures/detection/mistakes.ts";
import { manifestOf } from "../helpers/manifest.ts";
import { temporaryTree } from "../helpers/tree.ts";

describe("what Python may refuse is put before it, and refused in its words", () => {
  test.each(MISTAKES)("%s", async (_, source) => {
    const asked: string[] = [];
    await using tree = await temporaryTree({ "main.py": source });
    const failure = await refusal(tree.path, (text) => {
      asked.push(text);
      return { type: "TabError", message: "these words", line: 7, column: 2 };
    });
    expect(asked).toEqual([source]);
    expect(failure).toMatchObject({
      code: "CONFIG_ERROR",
      message: "TabError: these words (main.py, line 7)",
      details: { file: "main.py", line: 7, column: 2 },
    });
  });

  test("what Python can compile is served, whatever was doubted", async () => {
    await using tree = await temporaryTree({ "main.py": "def handler(input):\n    return (1\n" });
    expect(await refusal(tree.path, () => undefined)).toBeUndefined();
  });

  test.each([
    ["3.13", "try:\n    pass\nexcept ValueError, TypeError:\n    pass\n"],
    ["3.13", "x = t'{y}'\n"],
    ["3.11", "type Pair[T] = tuple[T, T]\n"],
    ["3.9", "match x:\n    case 1: pass\n"],
  ])("Python %s is asked about what later ones allow", async (pythonVersion, source) => {
    await using tree = await temporaryTree({ "main.py": `${source}\ndef handler(input):\n    return 1\n` });
    expect(messageOf(await refusal(tree.path, invalid, pythonVersion))).toBe(
      "SyntaxError: invalid syntax (main.py, line 1)",
    );
    const later = "3.14";
    expect(await refusal(tree.path, invalid, later)).toBeUndefined();
  });

  test("a file that is only offered instead is not put before it", async () => {
    await using tree = await temporaryTree({
      "main.py": "x = 1\n",
      "app.py": "def handler(input):\n    return (1\n",
      "agent.py": "def handler(input):\n    return 1\n",
    });
    const failure = await refusal(tree.path, () => {
      throw new Error("Python was asked about it");
    });
    expect(messageOf(failure)).toContain('entrypoint = "agent.py"');
  });
});

type Says = (source: string) => { type: string; message: string; line: number; column: number } | undefined;

const invalid: Says = () => ({ type: "SyntaxError", message: "invalid syntax", line: 1, column: 1 });

/** The error of detection; undefined when something is served. */
async function refusal(tree: string, says: Says, pythonVersion = "3.12"): Promise<unknown> {
  const compile = async (bytes: Uint8Array) => says(new TextDecoder().decode(bytes));
  try {
    await detectEntrypoint({ tree, manifest: manifestOf({ pythonVersion }), compile });
    return undefined;
  } catch (error) {
    return error;
  }
}
