import { expect, test } from "bun:test";
import { join } from "node:path";

import { readDocuments } from "../scripts/documents/files.ts";
import { ENDLESS } from "./fixtures/documents/endless.ts";
import { GIVEN } from "./fixtures/documents/given.ts";
import { NOT_RUN } from "./fixtures/documents/not-run.ts";
import { runInProcess } from "./helpers/cli.ts";
import { blocksOf, commandsOf, inlineCommandsOf } from "./helpers/document-blocks.ts";

const documents = await readDocuments();
const commands = documents.flatMap(({ path, text }) =>
  blocksOf(text).flatMap((block) => block.commands.map((command) => ({ page: path, command }))),
);
const isThere = (page: string, command: string) =>
  commands.some((there) => there.page === page && there.command === command);

test("what is said of a command is said of one that a page has", () => {
  const said = [...NOT_RUN, ...ENDLESS, ...GIVEN.map(({ page, before }) => ({ page, command: before }))];
  expect(said.filter(({ page, command }) => !isThere(page, command))).toEqual([]);
});

test("no command is left out twice, or both left out and run", () => {
  const keys = [...NOT_RUN, ...ENDLESS].map(({ page, command }) => `${page}: ${command}`);
  expect(keys.toSorted()).toEqual([...new Set(keys)].toSorted());
});

test("a command that stands in a sentence is one that there is, with options that there are", async () => {
  const inline = new Set(documents.flatMap(({ text }) => inlineCommandsOf(text, "oken-runner")));
  expect(inline).not.toBeEmpty();
  const unknown: string[] = [];
  for (const command of inline) {
    const words = command.split(" ").slice(1);
    const names = words.filter((word) => /^[a-z][a-z-]*$/.test(word));
    const { status, out } = await runInProcess([...names.slice(0, 1), "--help"]);
    const options = words.filter((word) => word.startsWith("--"));
    if (status !== 0 || options.some((option) => !out.includes(option))) unknown.push(command);
  }
  expect(unknown).toEqual([]);
});

test("a target that stands in a sentence is one that make has", async () => {
  const makefile = await Bun.file(join(import.meta.dir, "../Makefile")).text();
  const targets = new Set([...makefile.matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));
  const named = documents.flatMap(({ text }) => inlineCommandsOf(text, "make"));
  expect(named).not.toBeEmpty();
  const isKnown = (command: string) =>
    command
      .split(" ")
      .slice(1)
      .every((word) => word.startsWith("-") || targets.has(word));
  expect(named.filter((command) => !isKnown(command))).toEqual([]);
});

test("a command goes over its line with a backslash, and with a here-document", () => {
  const text = "# a comment\na b  # why\nc \\\n  d\n\ncat > e <<'PY'\nf\n\n# of Python\nPY\ng '#h'\n";
  expect(commandsOf(text)).toEqual(["a b", "c \\\n  d", "cat > e <<'PY'\nf\n\n# of Python\nPY", "g '#h'"]);
});

test("an answer is what stands right below its commands; a sentence in between parts them", () => {
  const markdown =
    "```sh\na\n```\n\n```json\n{}\n```\n\n```sh\nb\n```\n\nSo:\n\n```text\nc\n```\n\n```text\n  $ d\n  $ d\n```\n";
  expect(blocksOf(markdown)).toEqual([
    { commands: ["a"], shown: { language: "json", text: "{}\n" } },
    { commands: ["b"] },
    { commands: ["d"] },
  ]);
});
