import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { fillBlocks } from "../scripts/documents/blocks.ts";
import { readDocuments } from "../scripts/documents/files.ts";

const ROOT = resolve(import.meta.dir, "..");
const documents = await readDocuments();

test.each(documents)("$path shows what the code says; else run `make docs`", ({ text, filled }) => {
  expect(text).toBe(filled);
});

test.each(documents)("every link of $path leads to a file and a heading that exist", ({ path, text }) => {
  expect(linksOf(text).filter((link) => !leadsSomewhere(path, link))).toEqual([]);
});

test("a block that nothing generates is an error", () => {
  expect(() => fillBlocks("<!-- generated: nonsense -->\n<!-- end -->")).toThrow("nonsense");
});

/** Targets of the links that stay in the project. */
function linksOf(text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
  return links.filter((target) => !/^https?:/.test(target));
}

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? from : join(dirname(from), file);
  if (!existsSync(join(ROOT, path))) return false;
  const target = documents.find((document) => document.path === path);
  return anchor === undefined || (target !== undefined && anchorsOf(target.text).includes(anchor));
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```/gms, "");
}
