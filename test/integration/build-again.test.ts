import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startPackageIndex } from "../helpers/package-index.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles, buildSettings, docker } from "./harness-build.ts";

setDefaultTimeout(300_000);

const PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n';

const release = (version: string) => ({
  [wheelName("oken_dep", version)]: wheel("oken_dep", version, { "oken_dep.py": `NAME = "${version}"\n` }),
});

test("what was resolved once is installed again, though newer versions have come", async () => {
  const upload = { "main.py": "import oken_dep\nprint(oken_dep.NAME)\n", "requirements.txt": "oken-dep\n" };
  const agentDir = await mkdtemp(join(tmpdir(), "oken-test-"));
  try {
    const files = release("1");
    using index = await startPackageIndex(files);
    const options = { agentDir, settings: { indexUrl: index.url } };
    await using first = await buildFiles(upload, options);
    expect(await first.run()).toBe("1\n");
    Object.assign(files, release("2"));
    await using again = await buildFiles({ ...upload, "other.py": "" }, options);
    expect(await again.run()).toBe("1\n");
    await using changed = await buildFiles({ ...upload, "requirements.txt": "oken-dep>=2\n" }, options);
    expect(await changed.run()).toBe("2\n");
  } finally {
    await rm(agentDir, { recursive: true, force: true });
  }
});

const withWheel = (text: string) => ({
  "main.py": "import oken_own\nprint(oken_own.NAME)\n",
  "requirements.txt": `./${wheelName("oken_own", "1")}\n`,
  [wheelName("oken_own", "1")]: wheel("oken_own", "1", { "oken_own.py": `NAME = "${text}"\n` }),
});

test("a wheel of the upload that changed under the same name is installed anew", async () => {
  const agentDir = await mkdtemp(join(tmpdir(), "oken-test-"));
  try {
    await using first = await buildFiles(withWheel("first"), { agentDir });
    expect(await first.run()).toBe("first\n");
    await using changed = await buildFiles(withWheel("changed"), { agentDir });
    expect(await changed.run()).toBe("changed\n");
    await using again = await buildFiles(withWheel("first"), {
      agentDir,
      resolutionKey: first.resolutionKey,
    });
    expect(await again.run()).toBe("first\n");
  } finally {
    await rm(agentDir, { recursive: true, force: true });
  }
});

const sourceRelease = async (version: string) => ({
  [`oken_dep-${version}.tar.gz`]: await sdist("oken_dep", version, {
    "setup.py": `from setuptools import setup\nsetup(name="oken_dep", version="${version}", py_modules=["oken_dep"])\n`,
    "oken_dep.py": `NAME = "${version}"\n`,
  }),
});

describe("a version that is built again has the packages that it had, though an index offers newer ones", () => {
  const MAIN = "import oken_dep\nprint(oken_dep.NAME)\n";

  test.each([
    ["a loose requirement", { "requirements.txt": "oken-dep\n" }, release],
    ["a project without a lock", { "pyproject.toml": `${PROJECT}dependencies = ["oken-dep"]\n` }, release],
    ["a source package", { "requirements.txt": "oken-dep\n" }, sourceRelease],
    [
      "a project whose own code is compiled",
      {
        "setup.py":
          'from setuptools import setup\next_modules = []\nsetup(name="own", version="1", install_requires=["oken-dep"])\n',
      },
      release,
    ],
  ] as const)("%s", async (_, upload, offer) => {
    const agentDir = await mkdtemp(join(tmpdir(), "oken-test-"));
    try {
      const files = { "main.py": MAIN, ...upload };
      using before = await startPackageIndex(await offer("1"));
      const settings = { extraIndexUrls: [before.url] };
      await using first = await buildFiles(files, { agentDir, settings });
      expect(await first.run()).toBe("1\n");
      // From another address nothing comes out of a cache.
      using after = await startPackageIndex({ ...(await offer("1")), ...(await offer("2")) });
      const later = { settings: { extraIndexUrls: [after.url] } };
      await using again = await buildFiles(files, { agentDir, resolutionKey: first.resolutionKey, ...later });
      expect(await again.run()).toBe("1\n");
      expect({ resolutionKey: again.resolutionKey, warnings: again.warnings }).toEqual({
        resolutionKey: first.resolutionKey,
        warnings: first.warnings,
      });
    } finally {
      await rm(agentDir, { recursive: true, force: true });
    }
  });

  test("where its lock is lost, a warning says so", async () => {
    using index = await startPackageIndex(release("2"));
    await using image = await buildFiles(
      { "main.py": MAIN, "requirements.txt": "oken-dep\n" },
      { resolutionKey: "lost", settings: { extraIndexUrls: [index.url] } },
    );
    expect(await image.run()).toBe("2\n");
    expect(image.warnings.join()).toContain("their versions were chosen anew");
  });
});

test("a base image that has changed gives a warning", async () => {
  const agentDir = await mkdtemp(join(tmpdir(), "oken-test-"));
  const pythonImage = `oken-test/base-${crypto.randomUUID()}:3.12`;
  const { pythonImage: original } = buildSettings();
  const make = (text: string) =>
    docker.run(["buildx", "build", "--provenance=false", "--load", "--tag", pythonImage, "-"], {
      input: `FROM ${original.replace("{version}", "3.12")}\nENV OKEN_TEST=${text}\n`,
      timeoutMs: 60_000,
    });
  try {
    const options = { agentDir, settings: { pythonImage } };
    await make("one");
    await using first = await buildFiles({ "main.py": "" }, options);
    await using again = await buildFiles({ "main.py": "" }, options);
    await make("two");
    await using moved = await buildFiles({ "main.py": "" }, options);
    expect([first.warnings, again.warnings]).toEqual([[], []]);
    expect(moved.warnings.join()).toMatch(
      /base image \S+:3\.12 has changed since the last build: \w{12} before, \w{12} now/,
    );
  } finally {
    await docker.run(["image", "rm", "--force", pythonImage]);
    await rm(agentDir, { recursive: true, force: true });
  }
});
