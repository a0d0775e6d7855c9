import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

import ts from "typescript";

const ROOT = join(import.meta.dir, "..");

/** What the documents name a file by: its path from here, or from one of these. */
const BASES = ["", "src", "src/docker", "src/runtime/_oken"];

/** Every room may import these; the picture leaves them out. */
const LEAVES = new Set(["model", "metrics", "tracing", "lib"]);

/** The room `daemon` constructs the parts, and so imports all. */
const CONSTRUCTOR = "daemon";

test("docs/architecture.md draws the arrows between the rooms that the imports make", async () => {
  const drawn = arrowsOf(await textOf("docs/architecture.md"));
  const found = new Set((await imports()).map(({ from, to }) => `${roomOf(from)} --> ${roomOf(to)}`));
  expect([...found].filter(isShown).sort()).toEqual(drawn.sort());
});

test("docs/architecture.md names the rooms within the large ones", async () => {
  const blocks = [...(await textOf("docs/architecture.md")).matchAll(/```text\n(.*?)```/gs)].map(
    ([, text]) => text ?? "",
  );
  const large = blocks.find((text) => /^agents\/ /m.test(text)) ?? "";
  const named = large.split(/\n(?=\w)/).flatMap((text) => {
    const room = text.slice(0, text.indexOf("/"));
    return [...text.matchAll(/^  ([\w-]+)\/ /gm)].map(([, inner]) => `${room}/${inner}`);
  });
  const rooms = new Set(named.map((room) => dirname(room)));
  const files = await Array.fromAsync(new Bun.Glob("*/*/*").scan({ cwd: join(ROOT, "src") }));
  const found = new Set(files.map(dirname).filter((room) => rooms.has(dirname(room))));
  expect(named).not.toBeEmpty();
  expect(named.toSorted()).toEqual([...found].toSorted());
});

test.each(["docs/architecture.md", "CONTRIBUTING.md"])(
  "the files that %s names are there",
  async (document) => {
    const named = [...(await textOf(document)).matchAll(/`([\w-]+\/[\w./-]+)`/g)].map(
      ([, path]) => path ?? "",
    );
    expect(named).not.toBeEmpty();
    expect(named.filter((path) => !isThere(path))).toEqual([]);
  },
);

/** What a crash leaves is found where the next start looks for it: in the data directory. */
test("only the page's bundle, which is made before the program, is written elsewhere than the data directory", async () => {
  const source = join(ROOT, "src");
  const files = await Array.fromAsync(new Bun.Glob("**/*.ts").scan({ cwd: source }));
  const temporary = await Promise.all(
    files.map(async (file) =>
      (await Bun.file(join(source, file)).text()).includes("tmpdir(") ? [file] : [],
    ),
  );
  expect(temporary.flat()).toEqual(["page/bundle.ts"]);
});

async function textOf(document: string): Promise<string> {
  return Bun.file(join(ROOT, document)).text();
}

function isThere(path: string): boolean {
  return BASES.some((base) => ["", ".ts", ".tsx"].some((end) => existsSync(join(ROOT, base, path + end))));
}

/** `a --> b & c` of the picture, as one arrow each. */
function arrowsOf(text: string): string[] {
  const picture = /```mermaid\n(.*?)```/s.exec(text)?.[1] ?? "";
  return [...picture.matchAll(/^ *(\w+) --> ([\w &]+)$/gm)].flatMap(([, from, to]) =>
    (to ?? "").split(" & ").map((room) => `${from} --> ${room}`),
  );
}

function isShown(arrow: string): boolean {
  const [from = "", to = ""] = arrow.split(" --> ");
  return from !== to && from !== CONSTRUCTOR && !LEAVES.has(from) && !LEAVES.has(to);
}

function roomOf(path: string): string {
  if (path === "docker/types.ts") return "types";
  return path.includes("/") ? (dirname(path).split("/")[0] ?? "") : path.replace(/\.ts$/, "");
}

/** What imports what below src/, types included. Within docker/ its types are no room of their own. */
async function imports(): Promise<{ from: string; to: string }[]> {
  const source = join(ROOT, "src");
  const files = await Array.fromAsync(new Bun.Glob("**/*.{ts,tsx}").scan({ cwd: source }));
  const found = await Promise.all(
    files.map(async (from) => {
      const { importedFiles } = ts.preProcessFile(await Bun.file(join(source, from)).text(), true, true);
      return importedFiles
        .map(({ fileName }) => fileName)
        .filter((name) => name.startsWith("."))
        .map((name) => ({ from, to: relative(source, normalize(join(source, dirname(from), name))) }));
    }),
  );
  return found
    .flat()
    .filter(
      ({ from, to }) => !to.startsWith("..") && !(from.startsWith("docker/") && to.startsWith("docker/")),
    );
}
