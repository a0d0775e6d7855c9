import { expect, test } from "bun:test";

import { VERSION } from "../../src/lib/version.ts";
import { runInProcess } from "../helpers/cli.ts";

test.each([["--version"], ["-v"]])("%s prints the version", async (argument) => {
  expect(await runInProcess([argument])).toMatchObject({
    status: 0,
    out: `oken-runner ${VERSION}\n`,
    err: "",
  });
});

test("version says what it was built from too, also to programs", async () => {
  expect((await runInProcess(["version"])).out).toStartWith(`oken-runner ${VERSION}\ncommit `);
  expect(JSON.parse((await runInProcess(["version", "--json"])).out)).toEqual({
    version: VERSION,
    commit: expect.stringMatching(/./),
    target: expect.stringMatching(/^\w+-\w+/),
    bun: Bun.version,
  });
});

test("without a command the help goes to standard error, and the status is that of a wrong command line", async () => {
  const { status, out, err } = await runInProcess([]);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toStartWith("Usage: oken-runner");
});

test.each([
  [["sevre"], "(Did you mean serve?)"],
  [["ps", "--jsn"], "(Did you mean --json?)"],
  [["ps", "--jsn"], "See oken-runner ps --help."],
  [["--url", "x", "serve"], "serve takes no option '--url'"],
  [["--url", "x", "secrets", "list"], "See oken-runner secrets list --help."],
  [["completion", "csh"], "bash, zsh, fish"],
  // The program's own, which a command must not be taken for.
  [["ps", "--version"], "See oken-runner ps --help."],
  [["secrets", "list", "echo", "-v"], "See oken-runner secrets list --help."],
  [["rollback", "echo", "1", "--version", "2"], "two versions are named: 1 and 2."],
  [["rollback", "echo", "--version", "0"], '"0" is no version'],
])("%p is refused, with what was probably meant", async (args, said) => {
  const { status, err } = await runInProcess(args);
  expect(status).toBe(2);
  expect(err).toStartWith("oken-runner: ");
  expect(err).toContain(said);
});

test.each<[string[], string]>([
  [["sevre", "--json"], "unknown command 'sevre' (Did you mean serve?)"],
  [["ps", "--jsn", "--json"], "unknown option '--jsn' (Did you mean --json?)"],
  [["show", "--json"], "missing required argument 'agent'"],
  [["--json"], "no command is named"],
])("%j is refused in JSON", async (args, error) => {
  const { status, out, err } = await runInProcess(args);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(JSON.parse(err)).toEqual({ error, code: "CLI_ERROR", hint: "See oken-runner --help." });
});

test("a command that is loaded by itself has the help that it has among all", async () => {
  const { out: list } = await runInProcess(["--help"]);
  const names = Array.from(list.matchAll(/^  ([a-z-]+)(?: \S+)* {2,}/gm), ([, name = ""]) => name);
  const commands = names.filter((name) => name !== "help" && !name.startsWith("-"));
  expect(commands).toContain("serve");
  for (const name of commands) {
    const byItself = await runInProcess([name, "--help"]);
    expect(byItself.out).toStartWith(`Usage: oken-runner ${name} `);
    expect(byItself).toEqual(await runInProcess(["help", name]));
  }
});

test("help of help is that of all", async () => {
  const all = await runInProcess(["--help"]);
  for (const args of [["help"], ["help", "--help"], ["help", "-h"]])
    expect(await runInProcess(args)).toEqual(all);
});

test("help COMMAND is the command's own help, with its examples", async () => {
  const [one, other] = await Promise.all([runInProcess(["help", "ps"]), runInProcess(["ps", "--help"])]);
  expect(one).toEqual(other);
  expect(one.out).toContain("$ oken-runner ps --json");
});

test.each([
  [{}, true],
  [{ NO_COLOR: "1" }, false],
  [{ TERM: "dumb" }, false],
  [{ NO_COLOR: "" }, true],
])("colours on a terminal with %p: %p", async (environment, isColored) => {
  const { out } = await runInProcess(["--help"], environment, { isTerminal: true });
  expect(out.includes("\u001B[")).toBe(isColored);
});

test("a pipe has no colours unless they are forced", async () => {
  expect(await help({})).not.toContain("\u001B[");
  expect(await help({ FORCE_COLOR: "1" })).toContain("\u001B[");
});

async function help(environment: Record<string, string>): Promise<string> {
  return (await runInProcess(["--help"], environment)).out;
}
