import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { BINARY } from "../helpers/binary.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const ROOT = resolve(import.meta.dir, "../..");
const ADDRESS = "http://127.0.0.1:8000";

/** Commands, and below them what they answer. */
const EXCHANGE = /```sh\n((?:(?!```)[^])*)```\n\n```(?:json|text)\n([^]*?)```/g;

let runner: TestRunner;
let directory: string;
beforeAll(async () => {
  [runner, directory] = await Promise.all([startRunner(), mkdtemp(join(tmpdir(), "oken-readme-"))]);
  await symlink(join(ROOT, "examples"), join(directory, "examples"));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await runner[Symbol.asyncDispose]();
});

const readme = await Bun.file(join(ROOT, "README.md")).text();

test("the commands of README's session answer what README shows", async () => {
  const exchanges = [...readme.matchAll(EXCHANGE)].map(([, commands = "", shown = ""]) => ({
    commands,
    shown,
  }));
  expect(exchanges).not.toBeEmpty();
  for (const { commands, shown } of exchanges) {
    const [sent, expected] = [commands, shown].map((text) => text.replaceAll(ADDRESS, runner.url));
    expect(comparable(await run(sent ?? ""))).toEqual(comparable(expected ?? ""));
  }
});

/** What a person who pastes the commands into a shell sees as answers. */
async function run(commands: string): Promise<string> {
  const shell = Bun.spawn(["bash", "-euo", "pipefail", "-c", commands], {
    cwd: directory,
    env: { ...process.env, PATH: `${dirname(BINARY)}:${process.env["PATH"]}`, OKEN_URL: runner.url },
    stdout: "pipe",
    stderr: "ignore",
  });
  return new Response(shell.stdout).text();
}

/** A JSON answer without the times that differ from run to run; other answers as they are. */
function comparable(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => (key === "timings_ms" ? undefined : value));
  } catch {
    return text.trim();
  }
}
