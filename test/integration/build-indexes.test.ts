import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { hostAddress, startPackageIndex } from "../helpers/package-index.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles, docker, inImage } from "./harness-build.ts";

setDefaultTimeout(300_000);

const PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n';

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

  test("serves packages without a wheel to the build in its container", async () => {
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

test("the operator's certificate authorities are used by the build and are not in the image", async () => {
  const caFile = process.env["OKEN_CA_FILE"];
  if (caFile === undefined) return;
  await using image = await buildFiles({ "main.py": "", "requirements.txt": "six==1.16.0\n" });
  const line = (await readFile(caFile, "utf8")).split("\n")[1] ?? "";
  expect(await inImage(image.tag, "sh", "-c", `grep -rslF '${line}' /opt /app /home /run || true`)).toBe("");
});
