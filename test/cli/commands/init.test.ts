import { expect, test } from "bun:test";
import { join } from "node:path";

import { parse } from "smol-toml";

import { TEMPLATE_NAMES } from "../../../src/cli/templates/names.ts";
import { runInProcess } from "../../helpers/cli.ts";
import { readTree, temporaryTree } from "../../helpers/tree.ts";

test.each(TEMPLATE_NAMES.map((name) => [name]))(
  "init writes an agent from the template %s",
  async (template) => {
    await using home = await temporaryTree();
    const { path: directory } = home;
    const { status, err } = await runInProcess(["init", "My Agent", "-t", template], {}, { directory });
    expect(status).toBe(0);
    expect(err).toContain('Next: oken-runner deploy "My Agent"\n');
    expect(err).toContain("Then: oken-runner invoke my-agent '");
    const files = await readTree(join(directory, "My Agent"));
    expect(parse(files["oken.toml"] ?? "")).toEqual({ name: "My Agent", slug: "my-agent" });
    expect(files["main.py"]).not.toBeEmpty();
    expect(files[".gitignore"]).toContain(".env\n");
  },
);

test("in the directory itself; a .gitignore that is there stays", async () => {
  await using home = await temporaryTree({ ".gitignore": "mine\n" });
  const { path: directory } = home;
  const { status, err } = await runInProcess(["init", "--name", "Hello"], {}, { directory });
  expect(status).toBe(0);
  expect(err).toContain("Next: oken-runner deploy\n");
  expect(await readTree(directory)).toMatchObject({
    ".gitignore": "mine\n",
    "oken.toml": 'name = "Hello"\nslug = "hello"\n',
  });
});

test("nothing is overwritten, and then nothing is written", async () => {
  await using home = await temporaryTree({ "main.py": "mine" });
  const { path: directory } = home;
  const { status, err } = await runInProcess(["init", "--name", "Hello"], {}, { directory });
  expect(status).toBe(2);
  expect(err).toContain("main.py exists already.");
  expect(await readTree(directory)).toEqual({ "main.py": "mine" });
});

test("a template that there is not is refused with those that there are", async () => {
  const { status, err } = await runInProcess(["init", "x", "-t", "flask"]);
  expect(status).toBe(2);
  expect(err).toContain("handler, agent, fastapi, langgraph, mcp");
});
