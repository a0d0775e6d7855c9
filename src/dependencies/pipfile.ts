import { createHash } from "node:crypto";

import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { TomlTable } from "smol-toml";

import { exactLock } from "./lock.ts";
import { newPlan } from "./plan.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import type { DependencyPlan } from "./plan.ts";
import { parseDependencyToml } from "../manifest/pyproject.ts";
import { table } from "../manifest/toml.ts";
import { pythonJson } from "./python-json.ts";
import { isPypi } from "./pypi.ts";
import type { SourceTree } from "../upload/tree.ts";

/** What of `Pipfile.lock` says which packages an agent runs with. */
const PipfileLock = Type.Object({
  _meta: Type.Object({
    hash: Type.Optional(Type.Object({ sha256: Type.String() })),
    sources: Type.Optional(Type.Array(Type.Object({ name: Type.String(), url: Type.String() }))),
  }),
  default: Type.Record(
    Type.String(),
    Type.Object({
      version: Type.Optional(Type.String()),
      hashes: Type.Optional(Type.Array(Type.String())),
      markers: Type.Optional(Type.String()),
    }),
  ),
});

/** Keys of a Pipfile that name no packages. */
const NO_PACKAGES = new Set(["source", "requires", "scripts", "pipfile", "pipenv"]);

const DEFAULT_SOURCES = [{ name: "pypi", url: "https://pypi.org/simple", verify_ssl: true }];

/** `Pipfile.lock` as the exact list that it is; undefined when the upload has neither it nor a Pipfile with packages. */
export async function planPipfile(tree: SourceTree): Promise<DependencyPlan | undefined> {
  const text = await tree.text("Pipfile");
  const pipfile = text === undefined ? undefined : parseDependencyToml(text, "Pipfile");
  const lockText = await tree.text("Pipfile.lock");
  if (lockText === undefined) {
    if (Object.keys(table(pipfile?.["packages"]) ?? {}).length === 0) return undefined;
    throw dependencyError(
      "lock_missing",
      "Pipfile is there without Pipfile.lock, which says the versions. Run `pipenv lock`.",
      "Run `pipenv lock` and add Pipfile.lock to the upload, or list the packages in requirements.txt.",
    );
  }
  const { _meta: meta, default: packages } = parseLock(lockText);
  const hash = meta.hash?.sha256;
  if (pipfile !== undefined && hash !== undefined && !pipfileHashes(pipfile).includes(hash)) {
    throw dependencyError(
      "lock_drift",
      "Pipfile.lock no longer matches Pipfile, which was edited since it was made. Run `pipenv lock`.",
      "Run `pipenv lock` and deploy again.",
    );
  }
  const lines = Object.entries(packages).map(lineOf);
  return newPlan({
    style: "Pipfile.lock",
    reason: "Pipfile.lock lists every package exactly",
    lock: lines.length === 0 ? undefined : "requirements.lock",
    locked: true,
    files: { "requirements.lock": exactLock([...indexLines(meta.sources ?? []), ...lines].join("\n")) },
  });
}

type Lock = Static<typeof PipfileLock>;

function parseLock(text: string): Lock {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    throw unreadable("it is not valid JSON");
  }
  if (Value.Check(PipfileLock, lock)) return lock;
  const flaw = Value.Errors(PipfileLock, lock).First();
  throw unreadable(`${flaw?.path ?? "/"} is not as expected`);
}

function unreadable(why: string) {
  return dependencyError(
    "lock_unreadable",
    `Pipfile.lock cannot be read: ${why}.`,
    "Run `pipenv lock` again.",
  );
}

/**
 * What `_meta.hash` of a matching lock can be: an older Pipenv knows no categories of packages of one's own.
 * https://github.com/sarugaku/plette/blob/main/src/plette/pipfiles.py, `get_hash`
 */
function pipfileHashes(pipfile: TomlTable): string[] {
  const known = {
    _meta: { sources: pipfile["source"] ?? DEFAULT_SOURCES, requires: pipfile["requires"] ?? {} },
    default: pipfile["packages"] ?? {},
    develop: pipfile["dev-packages"] ?? {},
  };
  const own = Object.entries(pipfile).filter(
    ([key]) => !NO_PACKAGES.has(key) && key !== "packages" && key !== "dev-packages",
  );
  return [known, { ...known, ...Object.fromEntries(own) }].map((content) =>
    createHash("sha256")
      .update(pythonJson(content, { item: ",", key: ":" }))
      .digest("hex"),
  );
}

function lineOf([name, { version, hashes = [], markers }]: [string, Lock["default"][string]]): string {
  if (version === undefined) {
    throw dependencyError(
      "unsupported",
      `Pipfile.lock takes ${name} from a repository, a path or an address, which is not supported.`,
      "Depend on a release, or list the packages in requirements.txt. Code of the upload is importable as it is.",
    );
  }
  if (hashes.length === 0) throw unreadable(`it has no hash for ${name}`);
  const condition = markers === undefined ? "" : ` ; ${markers}`;
  return [`${name}${version}${condition}`, ...hashes.map((hash) => `    --hash=${hash}`)].join(" \\\n");
}

function indexLines(sources: { name: string; url: string }[]): string[] {
  return sources.flatMap(({ name, url }) => {
    if (isPypi(url)) return [];
    if (/^https?:\/\/[^\s'"@$]+$/.test(url)) return `--extra-index-url ${url}`;
    throw dependencyError(
      "index_refused",
      `Pipfile.lock takes packages from the source ${JSON.stringify(name)}, whose address holds credentials or is no URL.`,
      "Ask the operator to name that index (OKEN_EXTRA_INDEX_URLS), and leave its credentials out of Pipfile.",
    );
  });
}
