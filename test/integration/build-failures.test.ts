import { describe, expect, setDefaultTimeout, test } from "bun:test";

import { createDockerExec } from "../../src/docker/exec.ts";
import { createImages } from "../../src/docker/images/image.ts";
import { hostAddress, selfSigned, startPackageIndex } from "../helpers/package-index.ts";
import { uvLock } from "../helpers/uv.ts";
import { buildFailure, buildFiles } from "./harness-build.ts";

setDefaultTimeout(300_000);

const PROJECT = '[project]\nname = "demo"\nversion = "1"\n';
const extension = (setup: string) => ({
  "requirements.txt": "./native\n",
  "native/setup.py": `from setuptools import setup, Extension\n${setup}`,
  "native/x.c": "int x;\n",
});

const script = (dependencies: string) => `# /// script\n# dependencies = [${dependencies}]\n# ///\n`;

describe("a build that fails says why, in a sentence that names the thing, with a hint and the log", () => {
  test.each([
    [
      "no such package",
      "no_such_package",
      "oken-no-such-package",
      { "requirements.txt": "oken-no-such-package\n" },
    ],
    ["no such version", "no_such_version", "six==99.0", { "requirements.txt": "six==99.0\n" }],
    [
      "versions that exclude each other",
      "no_solution",
      "six",
      { "requirements.txt": "six==1.16.0\nsix==1.15.0\n" },
    ],
    ["a line that is no requirement", "syntax", "six ===== 1", { "requirements.txt": "six ===== 1\n" }],
    [
      "another Python",
      "wrong_python",
      ">=3.13",
      {
        "pyproject.toml": `${PROJECT}requires-python = ">=3.13"\ndependencies = ["six"]\n`,
      },
    ],
    [
      "another file than the hash was written for",
      "hash_mismatch",
      "six==1.16.0",
      {
        "requirements.txt": `six==1.16.0 --hash=sha256:${"0".repeat(64)}\n`,
      },
    ],
    [
      "a compiler that is not there",
      "missing_compiler",
      "gcc",
      extension('setup(name="native", version="1", ext_modules=[Extension("x", ["x.c"])])\n'),
    ],
    [
      "a package whose build breaks",
      "package_build",
      "ValueError: the moon is wrong",
      extension('raise ValueError("the moon is wrong")\next_modules = []\n'),
    ],
    [
      "more files than may be written",
      "disk",
      "MB",
      extension(
        'full = open("/work/full", "wb")\nfor _ in range(1700):\n    full.write(b"x" * 2**20)\next_modules = []\n',
      ),
    ],
  ] as const)("%s", async (_, kind, named, files) => {
    const error = await buildFailure(files);
    expect(error).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining(named),
      details: { class: kind, hint: expect.stringMatching(/\w/), step: expect.stringMatching(/\w/) },
    });
  });

  test.each([
    [
      "a project",
      "uv.lock",
      "uv lock",
      (dependencies: string) => ({ "pyproject.toml": `${PROJECT}dependencies = [${dependencies}]\n` }),
      [],
    ],
    [
      "a script",
      "main.py.lock",
      "uv lock --script main.py",
      (dependencies: string) => ({ "main.py": script(dependencies) }),
      ["--script", "main.py"],
    ],
  ] as const)("the lock that uv made of %s before it was edited", async (_, file, command, upload, args) => {
    const lock = await uvLock(upload('"six"'), [...args]);
    await using image = await buildFiles({ "main.py": "", ...upload('"six"'), [file]: lock });
    expect(image.dependencyStyle).toBe(file);
    expect(await buildFailure({ ...upload('"six", "rich"'), [file]: lock })).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining("asks for `rich` in dependencies, and the lock does not"),
      details: { class: "lock_drift", hint: expect.stringContaining(command) },
    });
  });

  test("a package whose build takes more memory than there is", async () => {
    const wheelLimits = { memory: 256 * 1024 ** 2, cpus: 1, processes: 64, output: 1024 ** 2 };
    const hungry = extension("hog = b'x' * 2**30\next_modules = []\n");
    expect(await buildFailure(hungry, { wheelLimits })).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining("ran out of memory"),
      details: { class: "memory", hint: expect.stringMatching(/\w/), step: expect.stringMatching(/\w/) },
    });
  });

  test("an index that asks for credentials, and one that refuses them", async () => {
    const files = { "requirements.txt": "oken-dep\n" };
    using locked = await startPackageIndex({}, { password: "x" });
    using closed = await startPackageIndex({}, { status: 403 });
    for (const index of [locked, closed]) {
      const indexUrl = `http://${index.host}:${index.port}/simple/`;
      expect(await buildFailure(files, { settings: { indexUrl } })).toMatchObject({
        code: "BUILD_FAILED",
        details: { class: "index_credentials" },
      });
    }
  });

  test("an index that is not there, and one that is broken", async () => {
    using broken = await startPackageIndex({}, { status: 503 });
    // Each is tried several times, with waits in between.
    const failures = [broken.url, `http://${broken.host}:1/simple/`].map((indexUrl) =>
      buildFailure({ "requirements.txt": "six\n" }, { settings: { indexUrl } }),
    );
    for (const failure of await Promise.all(failures)) {
      expect(failure).toMatchObject({
        code: "BUILD_FAILED",
        message: expect.stringContaining("does not answer"),
        details: { class: "index_unreachable" },
      });
    }
  });

  test("an index whose certificate is not trusted", async () => {
    using index = await startPackageIndex({}, { tls: await selfSigned(await hostAddress()) });
    expect(
      await buildFailure({ "requirements.txt": "six\n" }, { settings: { indexUrl: index.url } }),
    ).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining("not trusted"),
      details: { class: "index_tls", hint: expect.stringContaining("OKEN_CA_FILE") },
    });
  });

  test("a base image that cannot be fetched", async () => {
    const settings = { pythonImage: "127.0.0.1:1/oken/python:{version}" };
    expect(await buildFailure({}, { settings })).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining("127.0.0.1:1/oken/python:3.12"),
      details: { class: "base_image", hint: expect.stringContaining("OKEN_PYTHON_IMAGE") },
    });
  });

  test("an index inside the runner's network that the operator did not name", async () => {
    for (const line of [
      "--extra-index-url http://169.254.169.254/simple\nsix\n",
      "x @ http://localhost:8000/x-1.tar.gz\n",
      "--index-url http://[::1]/simple\nsix\n",
    ]) {
      expect(await buildFailure({ "requirements.txt": line })).toMatchObject({
        code: "BUILD_FAILED",
        details: { class: "index_refused" },
      });
    }
  });

  test("the failing step's last lines are in the details", async () => {
    const error = await buildFailure({ "requirements.txt": "oken-no-such-package\n" });
    expect(error).toMatchObject({
      details: { step: "resolve the dependencies", log: expect.stringContaining("oken-no-such-package") },
    });
  });
});

test("an engine that does not answer is told apart from a failed build", async () => {
  const images = createImages(
    createDockerExec({ environment: { ...process.env, DOCKER_HOST: "unix:///nowhere.sock" } }),
  );
  const request = {
    inputs: {
      dockerfile: "/dev/null",
      context: "/nonexistent-but-named",
      contexts: [],
      buildArgs: {},
      secretFiles: {},
    },
    timeoutMs: 20_000,
    tag: "oken-test/none",
    labels: {},
  };
  const error = await images.buildImage(request).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "ENGINE_UNAVAILABLE" });
});
