import { createHash } from "node:crypto";

import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { dependencyError } from "../lib/dependency-error.ts";
import { parseDependencyToml } from "../manifest/pyproject.ts";
import { table, type TomlTable } from "../manifest/toml.ts";
import type { SourceTree } from "../upload/tree.ts";
import { lockDrift, type LockOrigin, lockUnreadable } from "./drift.ts";
import { extraIndexLines } from "./index-urls.ts";
import { exactLock } from "./lock.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { pythonJson } from "./python-json.ts";

// Our own reader: npm has none for Pipenv's locks. The tests compare it with what Pipenv exports.

const ORIGIN: LockOrigin = { file: "Pipfile.lock", project: "Pipfile", command: "pipenv lock" };

/** The parts of `Pipfile.lock` that say which packages an agent runs with. */
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
type PipfileLock = Static<typeof PipfileLock>;
type Entry = PipfileLock["default"][string];
type Source = { name: string; url: string };

/** Keys of a Pipfile that hold no packages. */
const NO_PACKAGES = new Set(["source", "requires", "scripts", "pipfile", "pipenv"]);

const DEFAULT_SOURCES = [{ name: "pypi", url: "https://pypi.org/simple", verify_ssl: true }];

/** Undefined when the upload has no `Pipfile.lock`, and no Pipfile with packages. */
export async function planPipfile(tree: SourceTree): Promise<DependencyPlan | undefined> {
  const text = await tree.text("Pipfile");
  const pipfile = text === undefined ? undefined : parseDependencyToml(text, "Pipfile");
  const lockText = await tree.text("Pipfile.lock");
  if (lockText === undefined) {
    if (Object.keys(table(pipfile?.["packages"]) ?? {}).length === 0) return undefined;
    throw lockMissing();
  }
  const { _meta: meta, default: packages } = parseLock(lockText);
  const hash = meta.hash?.sha256;
  if (pipfile !== undefined && hash !== undefined && !pipfileHashes(pipfile).includes(hash)) {
    throw lockDrift(ORIGIN, "Pipfile was edited since it was made");
  }
  const lines = Object.entries(packages).map(([name, entry]) => lineOf(name, entry));
  return newPlan({
    style: "Pipfile.lock",
    reason: "Pipfile.lock lists every package exactly",
    lock: lines.length === 0 ? undefined : "requirements.lock",
    locked: true,
    files: { "requirements.lock": exactLock([...indexLines(meta.sources ?? []), ...lines].join("\n")) },
  });
}

function parseLock(text: string): PipfileLock {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    throw lockUnreadable(ORIGIN, "it is not valid JSON");
  }
  if (Value.Check(PipfileLock, lock)) return lock;
  const flaw = Value.Errors(PipfileLock, lock).First();
  throw lockUnreadable(ORIGIN, `${flaw?.path ?? "/"} is not as expected`);
}

/**
 * The values that `_meta.hash` of a matching lock can have. Older versions of Pipenv leave out a project's own categories
 * of packages. https://github.com/sarugaku/plette/blob/main/src/plette/pipfiles.py, `get_hash`
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

function lineOf(name: string, { version, hashes = [], markers }: Entry): string {
  if (version === undefined) throw notFromIndex(name);
  if (hashes.length === 0) throw lockUnreadable(ORIGIN, `it has no hash for ${name}`);
  const condition = markers === undefined ? "" : ` ; ${markers}`;
  return [`${name}${version}${condition}`, ...hashes.map((hash) => `    --hash=${hash}`)].join(" \\\n");
}

function indexLines(sources: Source[]): string[] {
  const refused = sources.find(({ url }) => !/^https?:\/\/[^\s'"@$]+$/.test(url));
  if (refused !== undefined) throw indexRefused(refused);
  return extraIndexLines(sources.map(({ url }) => url));
}

function lockMissing() {
  return dependencyError(
    "lock_missing",
    "The upload has a Pipfile, but no Pipfile.lock with the versions. Run `pipenv lock`.",
    "Run `pipenv lock` and add Pipfile.lock to the upload, or list the packages in requirements.txt.",
  );
}

function notFromIndex(name: string) {
  return dependencyError(
    "unsupported",
    `Pipfile.lock takes ${name} from a repository, a path or an address, which is not supported.`,
    "Depend on a release, or list the packages in requirements.txt. Code of the upload is importable as it is.",
  );
}

function indexRefused({ name }: Source) {
  return dependencyError(
    "index_refused",
    `Pipfile.lock takes packages from the source ${JSON.stringify(name)}, whose address is not a URL or has credentials.`,
    "Ask the operator to set that index in OKEN_EXTRA_INDEX_URLS, and leave its credentials out of Pipfile.",
  );
}
