import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";

import { IMAGE_PATHS } from "../../src/build/layout.ts";
import { startPackageIndex } from "../helpers/package-index.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles, buildSettings, docker, inImage } from "./harness-build.ts";

setDefaultTimeout(300_000);

const GENUINE_SIX = 'import six\nprint("genuine" if not hasattr(six, "HOSTILE") else "hostile")\n';

/** Python that leaves `name` where a build that it runs in would share it: in the package cache. */
function mark(name: string): string {
  return `
import os, pathlib
for place in ("/opt/uv-cache", os.environ.get("UV_CACHE_DIR", "")):
    if place and os.path.isdir(place):
        pathlib.Path(place, "${name}").write_text("ran")
`;
}

/** Python that says in the image that it ran, where it may write. */
const TELLS = `import pathlib
try: pathlib.Path("${IMAGE_PATHS.venv}/told").write_text("ran")
except OSError: pass
`;

/** What the cache that agents share holds at its top. */
async function sharedCache(): Promise<string[]> {
  const { uvImage, pythonImage } = buildSettings();
  const id = `oken-uv-${createHash("sha256").update(uvImage).digest("hex").slice(0, 16)}`;
  const text = `FROM ${pythonImage.replace("{version}", "3.12")} AS list
ARG OKEN_TEST
RUN --network=none --mount=type=cache,id=${id},target=/cache ls -a /cache >/list
FROM scratch
COPY --from=list /list /
`;
  const unique = crypto.randomUUID();
  const output = await docker.run(
    [
      "buildx",
      "build",
      "--provenance=false",
      "--build-arg",
      `OKEN_TEST=${unique}`,
      "--output",
      "type=tar,dest=-",
      "-",
    ],
    { input: text, timeoutMs: 60_000 },
  );
  return output.split("\n");
}

const hostileSetup = (name: string) =>
  `${mark(name)}\nfrom setuptools import setup\nsetup(name="evil", version="1", py_modules=["evil"])\n`;

const backend = (name: string) => ({
  "backend.py": `${mark(name)}\nfrom setuptools.build_meta import *\n`,
});

/** Says whether its wheel was installed, or its source; whose build leaves `name` in the cache if it can reach it. */
const offered = async (name: string) => ({
  [wheelName("oken_evil", "1")]: wheel("oken_evil", "1", { "oken_evil.py": 'FROM = "wheel"\n' }),
  "oken_evil-1.tar.gz": await sdist("oken_evil", "1", {
    "setup.py": `${mark(name)}\nfrom setuptools import setup\nsetup(name="oken_evil", version="1", py_modules=["oken_evil"])\n`,
    "oken_evil.py": 'FROM = "source"\n',
  }),
});
const EVIL_MAIN = "import oken_evil\nprint(oken_evil.FROM)\n";

describe("what an upload says cannot make the trusted phase run a package's code", () => {
  const buildSystem =
    '\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "backend"\nbackend-path = ["."]\n';
  const project =
    '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["oken-evil==1"]\n';
  const script =
    '# /// script\n# dependencies = ["oken-evil==1"]\n# [tool.uv]\n# no-binary-package = ["oken-evil"]\n# ///\n';

  test.each([
    [
      "an option of uv in pyproject.toml",
      () => ({ "pyproject.toml": `${project}[tool.uv]\nno-binary-package = ["oken-evil"]\n` }),
    ],
    [
      "an option in uv.toml",
      () => ({
        "uv.toml": 'no-binary-package = ["oken-evil"]\n',
        "requirements.txt": "oken-evil==1\n",
      }),
    ],
    [
      "an option of uv beside requirements.txt",
      () => ({
        "pyproject.toml": '[tool.uv]\nno-binary-package = ["oken-evil"]\n',
        "requirements.txt": "oken-evil==1\n",
      }),
    ],
    ["an option of uv in inline metadata", () => ({ "main.py": `${script}${EVIL_MAIN}` })],
    [
      "--no-binary in requirements.txt",
      () => ({ "requirements.txt": "--no-binary oken-evil\noken-evil==1\n" }),
    ],
    [
      "--no-binary after a requirement",
      () => ({ "requirements.txt": "oken-evil==1 --no-binary oken-evil\n" }),
    ],
    [
      "an editable project",
      (name: string) => ({
        "requirements.txt": "-e ./evil\noken-evil==1\n",
        "evil/setup.py": hostileSetup(name),
        "evil/evil.py": "",
      }),
    ],
    ["the project itself", (name: string) => ({ "pyproject.toml": project + buildSystem, ...backend(name) })],
    [
      "dynamic metadata",
      (name: string) => ({
        "pyproject.toml": project.replace('version = "1"', 'dynamic = ["version"]') + buildSystem,
        ...backend(name),
      }),
    ],
  ] as const)("%s", async (_, files) => {
    const name = `mark-${crypto.randomUUID()}`;
    using index = await startPackageIndex(await offered(name));
    await using image = await buildFiles(
      { "main.py": EVIL_MAIN, ...files(name) },
      { settings: { extraIndexUrls: [index.url] } },
    );
    expect(await image.run()).toBe("wheel\n");
    expect(await sharedCache()).not.toContain(name);
  });

  test.each([
    [
      "an option among a project's dependencies",
      {
        "requirements.txt": "./lib\n",
        "lib/pyproject.toml":
          '[project]\nname = "lib"\nversion = "1"\ndependencies = ["six==1.16.0", "--no-binary six"]\n',
      },
    ],
    [
      "an option on a line of its own within a version of poetry.lock",
      {
        "pyproject.toml":
          '[tool.poetry]\nname = "demo"\nversion = "1"\n[tool.poetry.dependencies]\npython = "^3.9"\nsix = "*"\n',
        "poetry.lock": `[[package]]
name = "six"
version = "1.16.0 --hash=sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926\\n--no-binary six\\n#"
optional = false
groups = ["main"]
files = []

[metadata]
lock-version = "2.1"
`,
      },
    ],
  ] as const)("%s is refused", async (_, files) => {
    const error = await buildFiles({ "main.py": GENUINE_SIX, ...files }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { step: "detect" } });
  });

  test("a wheel's .pth file, which runs whenever the environment's Python starts", async () => {
    const name = `mark-${crypto.randomUUID()}`;
    const hostile = wheel("evil", "1", { "evil.pth": `import evil_start\n`, "evil_start.py": mark(name) });
    await using image = await buildFiles({
      "main.py": GENUINE_SIX,
      "requirements.txt": `./${wheelName("evil", "1")}\nsix==1.16.0\n`,
      [wheelName("evil", "1")]: hostile,
    });
    expect(await image.run()).toBe("genuine\n");
    expect(await sharedCache()).not.toContain(name);
  });

  test("a wheel's .pth file beside a package that is built from source", async () => {
    const source = await sdist("oken_src", "1", {
      "setup.py":
        'from setuptools import setup\nsetup(name="oken_src", version="1", py_modules=["oken_src"])\n',
      "oken_src.py": "",
    });
    await using image = await buildFiles({
      "main.py": "import oken_src, evil_start\nprint('both')\n",
      "requirements.txt": `./${wheelName("evil", "1")}\n./oken_src-1.tar.gz\n`,
      "oken_src-1.tar.gz": source,
      [wheelName("evil", "1")]: wheel("evil", "1", {
        "evil.pth": "import evil_start\n",
        "evil_start.py": TELLS,
      }),
    });
    expect(await image.run()).toBe("both\n");
    expect(await inImage(image.tag, "ls", IMAGE_PATHS.venv)).not.toContain("told");
  });

  test("a source archive of the upload, which is built in a container of its own", async () => {
    const name = `mark-${crypto.randomUUID()}`;
    await using image = await buildFiles({
      "main.py": "import evil\nprint(evil.NAME)\n",
      "requirements.txt": "./evil-1.tar.gz\n",
      "evil-1.tar.gz": await sdist("evil", "1", {
        "setup.py": hostileSetup(name),
        "evil.py": 'NAME = "evil"\n',
      }),
    });
    expect(await image.run()).toBe("evil\n");
    expect(await sharedCache()).not.toContain(name);
  });
});
