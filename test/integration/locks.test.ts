import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";

import { planDependencies } from "../../src/dependencies/detect.ts";
import type { DependencyPlan } from "../../src/dependencies/plan.ts";
import { TARGET } from "../helpers/plan.ts";
import { applicable, type Locked, runLockTool } from "../helpers/lock-tools.ts";
import { type PackageIndex, startPackageIndex } from "../helpers/package-index.ts";
import { temporaryTree, writeTree } from "../helpers/tree.ts";
import { indexFiles, PROJECTS } from "./lock-projects.ts";

let index: PackageIndex;
beforeAll(async () => {
  index = await startPackageIndex(await indexFiles(), { host: "127.0.0.1" });
});
afterAll(() => index[Symbol.dispose]());

test.each(PROJECTS)(
  "$title: comes to what its tool lists, and is stale once the project was edited",
  async ({ style, files, lock, list, edit }) => {
    await using directory = await temporaryTree();
    await writeTree(directory.path, files(index));
    await tool(lock, directory.path);
    const theirs = await applicable(await tool(list, directory.path));

    const plan = await planDependencies(directory.path, { entrypointFile: "main.py", target: TARGET });
    expect(plan).toMatchObject({ style, locked: true });
    expect(await packagesOf(plan)).toEqual(theirs);
    const names = theirs.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["alpha", "beta", "gamma"]));
    expect(names).not.toContain("only-old");

    const edited = join(directory.path, edit.file);
    await Bun.write(edited, (await Bun.file(edited).text()).replace(edit.from, edit.to));
    const failure = await planDependencies(directory.path, {
      entrypointFile: "main.py",
      target: TARGET,
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "BUILD_FAILED", details: { class: "lock_drift" } });
  },
);

test("requirements.txt comes to what uv makes of it, with all that it includes", async () => {
  await using directory = await temporaryTree();
  await writeTree(directory.path, {
    "requirements.txt": `-r lists/base.txt\n--constraint limits.txt\ndirect @ ${new URL("/files/direct-1.0-py3-none-any.whl", index.url).href}\n`,
    "lists/base.txt": "alpha[fast] >= 1 ; python_version > '3' # why\n-r more.txt\n",
    "lists/more.txt": "only-old; python_version < '3.12'\n",
    "limits.txt": "alpha<2\n",
  });
  const theirs = await applicable(await tool([...COMPILE, "requirements.txt"], directory.path));
  const plan = await planDependencies(directory.path, { entrypointFile: "main.py", target: TARGET });
  expect(await packagesOf(plan)).toEqual(theirs);
  expect(theirs.map(({ name }) => name)).toContain("direct");
});

const COMPILE = ["uv", "pip", "compile", "-q", "--generate-hashes", "--no-header", "--no-annotate"];
const EXPORT = ["uv", "export", "-q", "--frozen", "--no-emit-local", "--no-dev"];

/** What the build makes of a plan, by the commands that its Dockerfile has. */
async function packagesOf(plan: DependencyPlan): Promise<Locked[]> {
  await using directory = await temporaryTree();
  await writeTree(directory.path, plan.files);
  const written = plan.files["requirements.lock"];
  if (written !== undefined) return await applicable(written);
  if (plan.lock === "requirements.lock") {
    return await applicable(await tool([...COMPILE, ...plan.compileFlags], directory.path));
  }
  const script = plan.files["script.py"] !== undefined;
  if (script) await writeTree(directory.path, { "script.py.lock": plan.files["uv.lock"] ?? "" });
  return await applicable(
    await tool([...EXPORT, ...(script ? ["--script", "script.py"] : [])], directory.path),
  );
}

async function tool(command: string[], cwd: string): Promise<string> {
  return await runLockTool(command, { cwd, index: index.url });
}
