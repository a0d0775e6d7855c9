import { expect, test } from "bun:test";
import { join } from "node:path";

import ts from "typescript";

const ROOT = join(import.meta.dir, "..");

/** Lines of a source file: one idea each. */
const MAX_LINES = 250;

/** Fields of an object of options; one with more is several values under one name. */
const MAX_FIELDS = 8;

/** Types of what a function is told, by the ends of their names. Values that the program passes on have other names. */
const OPTIONS = /(Options|Settings|Limits|Request)$/;

test(`a source file has at most ${MAX_LINES} lines`, async () => {
  const files = await sources("src/**/*.{ts,tsx,css,py}");
  const lengths = files.map(({ file, text }) => [file, text.split("\n").length - 1] as const);
  expect(lengths.filter(([, lines]) => lines > MAX_LINES)).toEqual([]);
});

test(`an object of options has at most ${MAX_FIELDS} fields`, async () => {
  const files = await sources("src/**/*.{ts,tsx}");
  const sizes = files.flatMap(({ file, text }) =>
    ts
      .createSourceFile(file, text, ts.ScriptTarget.ESNext)
      .statements.filter((statement) => ts.isTypeAliasDeclaration(statement))
      .filter(({ name }) => OPTIONS.test(name.text))
      .map(({ name, type }) => [`${file}: ${name.text}`, fieldsOf(type)] as const),
  );
  expect(sizes.filter(([, fields]) => fields > MAX_FIELDS)).toEqual([]);
});

async function sources(pattern: string): Promise<{ file: string; text: string }[]> {
  const files = await Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: ROOT }));
  return Promise.all(files.map(async (file) => ({ file, text: await Bun.file(join(ROOT, file)).text() })));
}

/** Fields that a type spells out, those of each part of an intersection together. */
function fieldsOf(type: ts.TypeNode): number {
  if (ts.isTypeLiteralNode(type)) return type.members.length;
  if (!ts.isIntersectionTypeNode(type)) return 0;
  return type.types.map(fieldsOf).reduce((sum, fields) => sum + fields, 0);
}
