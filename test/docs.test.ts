import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { fillBlocks } from "../scripts/documents/blocks.ts";
import { readDocuments } from "../scripts/documents/files.ts";
import { manifestDefaults } from "../src/config/derived.ts";
import { loadConfig } from "../src/config/load.ts";
import { VERSION } from "../src/lib/version.ts";
import { MANIFEST_KEYS } from "../src/manifest/keys.ts";
import { createDocument } from "../src/server/openapi/document.ts";
import { createBareApp } from "./helpers/app.ts";

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

test("docs/api.md has every route of the OpenAPI document, with an example", async () => {
  const sections = textOf("docs/api.md").split(/^### /m);
  const hasExample = (route: string) =>
    sections.some((section) => section.startsWith(`${route}\n`) && section.includes("curl "));
  // HEAD and OPTIONS are the same everywhere.
  const documented = (await documentedRoutes()).filter(({ method }) => !["HEAD", "OPTIONS"].includes(method));
  const routes = documented.map(({ method, path }) =>
    path.endsWith("/{path}") ? `Any method ${path}` : `${method} ${path}`,
  );
  expect(routes).not.toBeEmpty();
  expect(routes.filter((route) => !hasExample(route))).toEqual([]);
});

test("the defaults of oken.toml's keys are those that hold", () => {
  const { concurrency, healthPath } = manifestDefaults(loadConfig({}));
  const shown: string[] = [MANIFEST_KEYS.concurrency.default, MANIFEST_KEYS.health_path.default];
  expect(shown).toEqual([String(concurrency), JSON.stringify(healthPath)]);
});

test("docs/troubleshooting.md names messages that the code has", async () => {
  const source = await sourceText();
  const messages = [...textOf("docs/troubleshooting.md").matchAll(/^### `(.*)`$/gm)].map(
    ([, text]) => text ?? "",
  );
  expect(messages).not.toBeEmpty();
  const isKnown = (message: string) => message.split("…").every((piece) => source.includes(piece.trim()));
  expect(messages.filter((message) => !isKnown(message))).toEqual([]);
});

test("CHANGELOG.md names the version that the runner prints", () => {
  expect(textOf("CHANGELOG.md")).toContain(VERSION);
});

/** All that the runner is made of. */
async function sourceText(): Promise<string> {
  const files = Array.from(new Bun.Glob("src/**/*.{ts,py}").scanSync({ cwd: ROOT }));
  return (await Promise.all(files.map((file) => Bun.file(join(ROOT, file)).text()))).join("\n");
}

test("docs/architecture.md names places that exist", () => {
  const places = [...textOf("docs/architecture.md").matchAll(/`((?:src\/)?[a-z]+\/[\w/-]+)`/g)];
  const paths = places.map(([, place = ""]) => join(ROOT, "src", place.replace(/^src\//, "")));
  expect(paths).not.toBeEmpty();
  expect(paths.filter((path) => !existsSync(path) && !existsSync(`${path}.ts`))).toEqual([]);
});

async function documentedRoutes(): Promise<{ method: string; path: string }[]> {
  const { paths } = { paths: {}, ...(await createDocument(createBareApp())) };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item ?? {}).map((method) => ({ method: method.toUpperCase(), path })),
  );
}

function textOf(path: string): string {
  return documents.find((document) => document.path === path)?.text ?? "";
}

/** Targets of the links that stay in the project. */
function linksOf(text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
  return links.filter((target) => !/^https?:/.test(target));
}

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? from : join(dirname(from), file);
  if (!existsSync(join(ROOT, path))) return false;
  return anchor === undefined || anchorsOf(textOf(path)).includes(anchor);
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
