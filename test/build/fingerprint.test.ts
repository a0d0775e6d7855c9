import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { fingerprint } from "../../src/build/fingerprint.ts";
import type { BuildSettings, PackageSources } from "../../src/build/settings.ts";
import { createFakeEngine } from "../helpers/fake-engine.ts";
import { versionRecord } from "../helpers/records.ts";
import { type Files, writeTree } from "../helpers/tree.ts";

const { manifest, entrypoint } = versionRecord(1);

const REQUIREMENTS = { "main.py": "", "requirements.txt": "six\n" };

/** All settings in one object. */
type Settings = Omit<BuildSettings, "packageSources"> & PackageSources;

/** One change of each setting, so that a new setting cannot be forgotten. */
type Changes = {
  [Name in Exclude<keyof Settings, "ownAddresses">]-?: (directory: string) => NonNullable<Settings[Name]>;
};

async function fixture(files: Files = REQUIREMENTS) {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const tree = join(directory, "tree");
  await writeTree(tree, files);
  await writeTree(directory, { "ca.pem": "one", "other.pem": "one", "wheels/a.whl": "a", "more/a.whl": "a" });
  const settings: Required<Settings> = {
    pythonImage: "python:{version}",
    uvImage: "uv:1",
    builderImage: "builder:{version}",
    indexUrl: "https://index.example/simple",
    extraIndexUrls: ["https://extra.example/simple"],
    findLinks: join(directory, "wheels"),
    offline: false,
    aptMirror: ["http://mirror.example/debian"],
    caFile: join(directory, "ca.pem"),
    proxy: "http://proxy.example:3128",
    ownAddresses: ["192.0.2.1"],
    sdist: "isolated",
  };
  const host = {
    engine: createFakeEngine(),
    settings: nested(settings),
    runtime: "runtime-1",
  };
  const source = { tree, manifest, entrypoint };
  return {
    directory,
    host,
    digest: (changes: Partial<typeof host> = {}) =>
      fingerprint({ ...host, ...changes }, changes.runtime ?? host.runtime, source),
    withSettings: (changes: Partial<Settings>) =>
      fingerprint({ ...host, settings: nested({ ...settings, ...changes }) }, host.runtime, source),
    withPackages: (systemPackages: string[] | undefined) =>
      fingerprint(host, host.runtime, { ...source, manifest: { ...manifest, systemPackages } }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function nested({
  indexUrl,
  extraIndexUrls,
  findLinks,
  offline,
  aptMirror,
  ...others
}: Settings): BuildSettings {
  return { ...others, packageSources: { indexUrl, extraIndexUrls, findLinks, offline, aptMirror } };
}

const CHANGES: Changes = {
  pythonImage: () => "python:{version}-slim",
  uvImage: () => "uv:2",
  builderImage: () => "compilers:{version}",
  indexUrl: () => "https://other.example/simple",
  extraIndexUrls: () => ["https://extra.example/simple", "https://more.example/simple"],
  findLinks: (directory) => join(directory, "more"),
  offline: () => true,
  aptMirror: () => ["http://other.example/debian"],
  caFile: (directory) => join(directory, "other.pem"),
  proxy: () => "http://other.example:3128",
  sdist: () => "deny",
};

test("the same source on the same host has the same fingerprint", async () => {
  await using agent = await fixture();
  expect(await agent.digest()).toBe(await agent.digest());
});

test.each(Object.entries(CHANGES))("another %s gives another fingerprint", async (name, change) => {
  await using agent = await fixture();
  const before = await agent.digest();
  expect(await agent.withSettings({ [name]: change(agent.directory) })).not.toBe(before);
});

test.each(["builderImage", "indexUrl", "extraIndexUrls", "findLinks", "caFile", "proxy"] as const)(
  "no %s gives another fingerprint",
  async (name) => {
    await using agent = await fixture();
    const before = await agent.digest();
    expect(await agent.withSettings({ [name]: undefined })).not.toBe(before);
  },
);

test.each([
  ["authorities", { "ca.pem": "two" }],
  ["folder of wheels", { "wheels/b.whl": "b" }],
])("another content of the operator's %s gives another fingerprint", async (_, files) => {
  await using agent = await fixture();
  const before = await agent.digest();
  await writeTree(agent.directory, files);
  expect(await agent.digest()).not.toBe(before);
});

test("other Debian packages give another fingerprint", async () => {
  await using agent = await fixture();
  const wanted = [undefined, ["ffmpeg"], ["ffmpeg", "jq"], ["ffmpeg=7:7.1.1-1"]];
  const digests = await Promise.all(wanted.map((packages) => agent.withPackages(packages)));
  expect(new Set(digests).size).toBe(wanted.length);
});

test("another password of an index gives another fingerprint", async () => {
  await using agent = await fixture();
  const digests = ["a", "b"].map((password) =>
    agent.withSettings({ indexUrl: `https://user:${password}@index.example/simple` }),
  );
  const [one, other] = await Promise.all(digests);
  expect(one).not.toBe(other);
});

test("another runtime or platform gives another fingerprint", async () => {
  await using agent = await fixture();
  const { engine } = agent.host;
  const digests = await Promise.all([
    agent.digest(),
    agent.digest({ runtime: "runtime-2" }),
    agent.digest({ engine: { ...engine, platform: () => Promise.resolve("linux/other") } }),
  ]);
  expect(new Set(digests).size).toBe(digests.length);
});

test("addresses of the host do not count", async () => {
  await using agent = await fixture();
  const before = await agent.digest();
  expect(await agent.withSettings({ ownAddresses: ["192.0.2.2"] })).toBe(before);
});

test("a source that is installed or found otherwise has another fingerprint", async () => {
  const sources: Files[] = [
    { "main.py": "" },
    REQUIREMENTS,
    { "main.py": "", "requirements.txt": "six>=1\n" },
    { "main.py": "", "pyproject.toml": '[project]\nname = "demo"\nversion = "1"\ndependencies = ["six"]\n' },
  ];
  const digests = await Promise.all(
    sources.map(async (files) => {
      await using agent = await fixture(files);
      // The folders of two fixtures differ in their paths.
      return await agent.withSettings({ findLinks: undefined, caFile: undefined });
    }),
  );
  expect(new Set(digests).size).toBe(sources.length);
});
