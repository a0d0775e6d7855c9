import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { hostAddress, startPackageIndex } from "../helpers/package-index.ts";
import { writeTree } from "../helpers/tree.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles, buildSettings, docker, inImage } from "./harness-build.ts";

setDefaultTimeout(300_000);

const PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n';

describe("what is built is what was uploaded", () => {
  const TIME = new Date("2020-01-01T00:00:00Z");

  async function treeOf(directory: string, text: string): Promise<string> {
    await writeTree(directory, { "main.py": text });
    await utimes(join(directory, "main.py"), TIME, TIME);
    await utimes(directory, TIME, TIME);
    return directory;
  }

  test("a file edited without changing its size or time", async () => {
    const root = await mkdtemp(join(tmpdir(), "oken-test-"));
    try {
      const tree = await treeOf(join(root, "tree"), 'print("one")\n');
      await using first = await buildFiles({}, { tree });
      expect(await first.run()).toBe("one\n");
      await treeOf(tree, 'print("two")\n');
      await using second = await buildFiles({}, { tree });
      expect(await second.run()).toBe("two\n");
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  test("another agent's directory of the same name, with a file of the same size and time", async () => {
    const root = await mkdtemp(join(tmpdir(), "oken-test-"));
    try {
      await using mine = await buildFiles(
        {},
        { tree: await treeOf(join(root, "a/tree"), 'print("mine")\n') },
      );
      await using theirs = await buildFiles(
        {},
        { tree: await treeOf(join(root, "b/tree"), 'print("hers")\n'), agentId: "other" },
      );
      expect([await mine.run(), await theirs.run()]).toEqual(["mine\n", "hers\n"]);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  test("a wheel of the upload exchanged for one of the same size and time", async () => {
    const file = wheelName("swapped", "1");
    const upload = (text: string) => ({
      "main.py": "import swapped\nprint(swapped.NAME)\n",
      "requirements.txt": `./${file}\n`,
      [file]: wheel("swapped", "1", { "swapped.py": `NAME = "${text}"\n` }),
    });
    await using first = await buildFiles(upload("one"));
    await using second = await buildFiles(upload("two"));
    expect([await first.run(), await second.run()]).toEqual(["one\n", "two\n"]);
  });

  test("the runner's own files exchanged for ones of the same size, under the same upload", async () => {
    const upload = { "main.py": `# ${crypto.randomUUID()}\n` };
    await using first = await buildFiles(upload, { runtimeFiles: { "main.py": 'print("one")\n' } });
    await using second = await buildFiles(upload, { runtimeFiles: { "main.py": 'print("two")\n' } });
    expect([await first.run(), await second.run()]).toEqual(["one\n", "two\n"]);
  });

  test("the upload's own Dockerfile, ignore file, syntax line and uv.toml have no say", async () => {
    await using image = await buildFiles({
      "main.py": 'print(open("/app/kept.txt").read())\n',
      "kept.txt": "kept",
      Dockerfile: "# syntax=example.invalid/frontend\nFROM example.invalid/image\n",
      ".dockerignore": "*\n",
      "Dockerfile.dockerignore": "*\n",
      "requirements.txt": "six==1.16.0\n",
      "uv.toml": 'index-url = "https://example.invalid/simple"\n',
    });
    expect(await image.run()).toBe("kept\n");
  });

  test("its version control is looked at by no program of the host", async () => {
    const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
    const seen = join(directory, "seen");
    try {
      await writeTree(directory, { git: `#!/bin/sh\necho "$@" >>${seen}\n` });
      await chmod(join(directory, "git"), 0o755);
      const environment = { PATH: `${directory}:${process.env["PATH"]}` };
      await using built = await buildFiles(
        { "main.py": "print('hello')\n", ".git/HEAD": "ref: refs/heads/main\n" },
        { environment },
      );
      expect(await built.run()).toBe("hello\n");
      expect(existsSync(seen)).toBe(false);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test("derived files and version control stay out, everything else comes in", async () => {
    await using image = await buildFiles({
      "main.py": "",
      ".env": "A=1",
      "data/model.bin": "x",
      ".git/config": "x",
      ".venv/lib/x.py": "x",
      "pkg/__pycache__/x.pyc": "x",
    });
    const found = await inImage(image.tag, "sh", "-c", "cd /app && find . -type f | sort");
    expect(found.trim().split("\n")).toEqual(["./.env", "./data/model.bin", "./main.py"]);
  });
});

const withSix = (main: string) => ({ "main.py": main, "requirements.txt": "six==1.16.0\n" });

describe("the image", () => {
  test("holds byte code, belongs to root, and has no uv, no secret and no trace of one", async () => {
    await using image = await buildFiles({ "main.py": "", "requirements.txt": "six==1.16.0\n" });
    const script = `
      command -v uv; ls /run/secrets /opt/uv-cache /opt/oken/deps 2>/dev/null
      test -n "$(ls /opt/venv/lib/python3.12/site-packages/__pycache__/six*.pyc)" && echo six
      test -n "$(ls /usr/local/lib/python3.12/__pycache__/json*.pyc /usr/local/lib/python3.12/json/__pycache__/*.pyc 2>/dev/null)" && echo stdlib
      ls /opt/oken/runtime/__pycache__ | grep -c main
      find /opt/venv /app /opt/oken -not -user 0 | head
      touch /app/x 2>/dev/null && echo writable
      id -u; id -g; pwd; echo "$PYTHONUNBUFFERED $PYTHONDONTWRITEBYTECODE $HOME"; command -v python`;
    expect(await inImage(image.tag, "sh", "-c", script)).toBe(
      "six\nstdlib\n1\n10001\n10001\n/app\n1 1 /home/agent\n/opt/venv/bin/python\n",
    );
    const history = await docker.run(["history", "--no-trunc", image.tag]);
    expect(history).not.toContain("BEGIN CERTIFICATE");
    const [config] = JSON.parse(await docker.run(["inspect", image.tag]));
    expect(config.Config).toMatchObject({
      User: "10001:10001",
      WorkingDir: "/app",
      Labels: { "oken.test": "build" },
    });
    expect(config.Config.Entrypoint).toEqual(["/opt/venv/bin/python", "-I", "/opt/oken/runtime/main.py"]);
    expect(config.Id).toBe(image.imageId);
    expect(Object.keys(image.bases)).toHaveLength(2);
  });

  test("a change of code alone reinstalls nothing", async () => {
    await using first = await buildFiles(withSix("print(1)\n"));
    await using second = await buildFiles(withSix("print(2)\n"));
    expect(await second.run()).toBe("2\n");
    expect(first.imageId).not.toBe(second.imageId);
    const installs = second.events.flatMap((event) =>
      event.type === "step" && /dependencies|standard library/.test(event.name) ? event.status : [],
    );
    expect(new Set(installs)).toEqual(new Set(["cached"]));
  });
});

describe("an index of the operator's", () => {
  const files = {
    [wheelName("oken_dep", "1")]: wheel("oken_dep", "1", { "oken_dep.py": 'NAME = "from the index"\n' }),
  };
  const MAIN = "import oken_dep\nprint(oken_dep.NAME)\n";

  test.each([
    ["requirements.txt", { "requirements.txt": "oken-dep\n" }],
    ["pyproject.toml", { "pyproject.toml": `${PROJECT}dependencies = ["oken-dep"]\n` }],
  ] as const)("serves %s, and its password is nowhere to be seen", async (_, upload) => {
    const password = `pw-${crypto.randomUUID()}`;
    using index = await startPackageIndex(files, { password });
    await using image = await buildFiles(
      { "main.py": MAIN, ...upload },
      { settings: { indexUrl: index.url } },
    );
    expect(await image.run()).toBe("from the index\n");
    expect(index.requests.some(({ status }) => status === 200)).toBe(true);
    const traces = [
      JSON.stringify(image.events),
      await docker.run(["history", "--no-trunc", image.tag]),
      await docker.run(["inspect", image.tag]),
      await inImage(image.tag, "sh", "-c", `grep -rsl ${password} /opt /etc /home /app || true`),
    ];
    expect(traces.filter((text) => text.includes(password))).toEqual([]);
  });

  test("stands in for the one that a uv.lock was made with", async () => {
    const hash = new Bun.CryptoHasher("sha256").update(files[wheelName("oken_dep", "1")] ?? "").digest("hex");
    using index = await startPackageIndex(files);
    await using image = await buildFiles(
      {
        "main.py": MAIN,
        "pyproject.toml": `${PROJECT}dependencies = ["oken-dep"]\n`,
        "uv.lock": `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "demo"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "oken-dep" }]

[package.metadata]
requires-dist = [{ name = "oken-dep" }]

[[package]]
name = "oken-dep"
version = "1"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/${wheelName("oken_dep", "1")}", hash = "sha256:${hash}" },
]
`,
      },
      { settings: { indexUrl: index.url } },
    );
    expect(await image.run()).toBe("from the index\n");
  });

  test("serves source packages to the isolated build", async () => {
    const source = await sdist("oken_src", "1", {
      "setup.py":
        'from setuptools import setup\nsetup(name="oken_src", version="1", py_modules=["oken_src"])\n',
      "oken_src.py": 'NAME = "from source"\n',
    });
    using index = await startPackageIndex({ "oken_src-1.tar.gz": source });
    await using image = await buildFiles(
      { "main.py": "import oken_src\nprint(oken_src.NAME)\n", "requirements.txt": "oken-src==1\n" },
      { settings: { extraIndexUrls: [index.url] } },
    );
    expect(await image.run()).toBe("from source\n");
  });
});

test("the host's proxy is asked for packages, and is no part of the image", async () => {
  const host = await hostAddress();
  using index = await startPackageIndex({
    [wheelName("oken_dep", "1")]: wheel("oken_dep", "1", { "oken_dep.py": 'NAME = "wheel"\n' }),
  });
  const asked: string[] = [];
  await using proxy = Bun.serve({
    hostname: host,
    port: 0,
    fetch(request) {
      asked.push(request.url);
      return fetch(request.url, { headers: request.headers, proxy: "" });
    },
  });
  const address = `http://${host}:${proxy.port}`;
  await using image = await buildFiles(
    { "main.py": "import oken_dep\nprint(oken_dep.NAME)\n", "requirements.txt": "oken-dep==1\n" },
    {
      environment: { HTTP_PROXY: address, http_proxy: address },
      settings: { indexUrl: index.url, proxy: address },
    },
  );
  expect(await image.run()).toBe("wheel\n");
  expect(asked.some((url) => url.startsWith(`http://${index.host}:${index.port}/simple/`))).toBe(true);
  expect(await docker.run(["history", "--no-trunc", image.tag])).not.toContain(String(proxy.port));
});

test("a host without a network builds from a folder of wheels", async () => {
  const folder = await mkdtemp(join(tmpdir(), "oken-test-"));
  try {
    await writeFile(
      join(folder, wheelName("oken_local", "1")),
      wheel("oken_local", "1", { "oken_local.py": 'NAME = "from the folder"\n' }),
    );
    const main = "import oken_local\nprint(oken_local.NAME)\n";
    const uploads: Record<string, string>[] = [
      { "requirements.txt": "oken-local\n" },
      { "pyproject.toml": `${PROJECT}dependencies = ["oken-local"]\n` },
    ];
    for (const upload of uploads) {
      await using image = await buildFiles(
        { "main.py": main, ...upload },
        { settings: { findLinks: folder, offline: true } },
      );
      expect(await image.run()).toBe("from the folder\n");
    }
    const error = await buildFiles(
      { "main.py": "", "requirements.txt": "six\n" },
      { settings: { findLinks: folder, offline: true } },
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "BUILD_FAILED" });
    expect(String(error)).toContain("six");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

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

test("a file of the operator's authorities is read at build and left out of the image", async () => {
  const caFile = process.env["OKEN_CA_FILE"];
  if (caFile === undefined) return;
  await using image = await buildFiles({ "main.py": "", "requirements.txt": "six==1.16.0\n" });
  const line = (await readFile(caFile, "utf8")).split("\n")[1] ?? "";
  expect(await inImage(image.tag, "sh", "-c", `grep -rslF '${line}' /opt /app /home /run || true`)).toBe("");
});
