import { describe, expect, test } from "bun:test";
import { symlink } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../../src/lib/errors.ts";
import type { Manifest } from "../../src/model/manifest.ts";
import { detectEntrypoint } from "../../src/entrypoint/detect.ts";
import { manifestOf } from "../helpers/manifest.ts";
import { temporaryTree } from "../helpers/tree.ts";

const MEBIBYTE = 1024 * 1024;
const HANDLER = "def handler(input):\n    return 1\n";

describe("what detection reads of a tree", () => {
  test("an entrypoint that is a symbolic link is refused", async () => {
    await using tree = await temporaryTree({ "app.py": HANDLER });
    await symlink("app.py", join(tree.path, "main.py"));
    expect(await refusal(tree.path)).toContain(
      'entrypoint "main.py" is a symbolic link, which the runner does not follow: name the file it points to',
    );
  });

  test("a link to a directory outside is not walked", async () => {
    await using outside = await temporaryTree({ "main.py": HANDLER });
    await using tree = await temporaryTree({ "app.py": HANDLER });
    await symlink(outside.path, join(tree.path, "bot"));
    expect(await refusal(tree.path, { entrypointFile: "bot/main.py" })).toContain("is not in the tarball");
  });

  test("an imported module that is a symbolic link is not read", async () => {
    await using outside = await temporaryTree({ "secret.py": HANDLER });
    await using tree = await temporaryTree({ "main.py": "from logic import handler\n" });
    await symlink(join(outside.path, "secret.py"), join(tree.path, "logic.py"));
    expect(await refusal(tree.path)).toContain("handler comes from the package logic, not from the tarball");
  });

  test("a FIFO does not block detection", async () => {
    await using tree = await temporaryTree({});
    expect(Bun.spawnSync(["mkfifo", join(tree.path, "main.py")]).exitCode).toBe(0);
    expect(await refusal(tree.path)).toContain("is not in the tarball");
  });

  test("a module of more than 1 MiB is accepted when attribute and type are named", async () => {
    await using tree = await temporaryTree({ "main.py": `${HANDLER}\n#${"x".repeat(MEBIBYTE)}\n` });
    const { entrypoint, warnings } = await detect(tree.path, {
      entrypointAttr: "handler",
      entrypointType: "handler",
    });
    expect(entrypoint).toMatchObject({ module: "main", attr: "handler", type: "handler" });
    expect(warnings).toEqual(["main.py was not read because it is larger than 1 MiB"]);
  });

  test("a module of more than 1 MiB is refused when something has to be found", async () => {
    await using tree = await temporaryTree({ "main.py": `${HANDLER}\n#${"x".repeat(MEBIBYTE)}\n` });
    expect(await refusal(tree.path)).toContain(
      'main.py was not read because it is larger than 1 MiB: name what to serve, as entrypoint = "module:attr" with entrypoint_type',
    );
  });

  test("a module made to be slow is not parsed to its end", async () => {
    await using tree = await temporaryTree({
      "main.py": `x = [${"{'a': f(1)}, ".repeat(60_000)}]\n${HANDLER}`,
    });
    expect(await refusal(tree.path)).toContain("main.py was not read because it takes too long to parse");
  });

  test("bytes that are not UTF-8 are refused at their place", async () => {
    await using tree = await temporaryTree({ "main.py": Buffer.from(`# caf\xe9\n${HANDLER}`, "latin1") });
    expect(await refusal(tree.path)).toContain(
      "SyntaxError: the file is not UTF-8 and names no other encoding (main.py, line 1)",
    );
  });

  test("bytes of another encoding are read when a comment names it", async () => {
    const source = Buffer.from(
      `#!/usr/bin/env python\n# vim: set fileencoding=iso-8859-15 :\n# caf\xe9\n${HANDLER}`,
      "latin1",
    );
    await using tree = await temporaryTree({ "main.py": source });
    expect((await detect(tree.path)).entrypoint.attr).toBe("handler");
  });

  test("virtual environments and caches are not the agent's code", async () => {
    await using tree = await temporaryTree({
      ".venv/lib/app.py": HANDLER,
      "__pycache__/app.py": HANDLER,
      "node_modules/x/app.py": HANDLER,
    });
    expect(await refusal(tree.path)).toContain("which has no Python file at all");
  });

  test("names that lead to each other end", async () => {
    const lines = Array.from(
      { length: 3000 },
      (_, index) => `x${index} = x${(index * 7) % 3000} or f(x${index})`,
    );
    await using tree = await temporaryTree({ "main.py": `${lines.join("\n")}\n${HANDLER}` });
    expect((await detect(tree.path)).entrypoint.attr).toBe("handler");
  });

  test("of a thousand imported modules only the first are read", async () => {
    const files: Record<string, string> = { "main.py": `import m0\n${HANDLER}` };
    for (let index = 0; index < 1000; index += 1)
      files[`m${index}.py`] = `import m${index + 1}, m${(index * 31) % 1000}\n`;
    await using tree = await temporaryTree(files);
    expect((await detect(tree.path)).entrypoint.attr).toBe("handler");
  });
});

const compile = () => Promise.resolve(undefined);

async function detect(tree: string, changes: Partial<Manifest> = {}) {
  return await detectEntrypoint({ tree, manifest: manifestOf(changes), compile });
}

async function refusal(tree: string, changes: Partial<Manifest> = {}): Promise<string> {
  try {
    await detect(tree, changes);
    return "nothing was refused";
  } catch (error) {
    return messageOf(error);
  }
}
