import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join, resolve } from "node:path";

import { BUILD_ANSWERS, PLAIN_BUILD_ALLOWS } from "../fixtures/sweep/build-answers.ts";
import {
  type Upload,
  WRITTEN,
  filesOfBuild,
  ledAstray,
  namedAddresses,
  ownIndex,
  writers,
} from "../fixtures/sweep/fetches.ts";
import { docker } from "../helpers/docker.ts";
import { HTTP_PORT, OUTSIDE, PUBLIC, TCP_PORT, canMakeNetworks, startOutside } from "../helpers/outside.ts";
import { hostAddress } from "../helpers/package-index.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { temporaryTree } from "../helpers/tree.ts";

setDefaultTimeout(240_000);

const FIXTURES = resolve(import.meta.dir, "../fixtures");
const PROGRAMS = {
  "attempts.py": await Bun.file(join(FIXTURES, "sweep/attempts.py")).text(),
  "build_attempts.py": await Bun.file(join(FIXTURES, "sweep/build_attempts.py")).text(),
  "reach.py": await Bun.file(join(FIXTURES, "network/attempts.py")).text(),
};

const METADATA = OUTSIDE["169.254/16, where metadata services are"];
const PRIVATE = OUTSIDE["10/8"];

/** Which of these it is differs from kernel to kernel. */
const NO_WAY = /^(?:EACCES|EROFS|ENOENT|EPERM)$/;

let runner: TestRunner;
let outside: AsyncDisposable;
let host: { address: string; port: number; asked: string[] } & Disposable;

describe.if(canMakeNetworks)("what builds try", () => {
  beforeAll(async () => {
    outside = await startOutside();
    host = await startHost();
    runner = await startRunner();
  });
  afterAll(async () => {
    await runner[Symbol.asyncDispose]();
    host[Symbol.dispose]();
    await outside[Symbol.asyncDispose]();
  });

  test("a package's build code gets nothing that the table forbids", async () => {
    const names = Object.values(BUILD_ANSWERS).flat();
    const asked = { names, reach: directly(), gateway: throughGateway() };
    const deployed = await runner.deploy("probe", {
      "oken.toml": '[agent]\nname = "Probe"\n',
      "requirements.txt": "./probe\n",
      "probe/pyproject.toml": PYPROJECT,
      "probe/mesonpy.py": BACKEND,
      "probe/asked": btoa(JSON.stringify(asked)),
      ...Object.fromEntries(Object.entries(PROGRAMS).map(([name, text]) => [`probe/${name}`, text])),
      "main.py": "import probe_result\ndef handler(input):\n    return probe_result.FOUND\n",
    });
    expect(deployed.body).toMatchObject({ status: "running" });
    const { body } = await runner.invoke("probe", {});
    const expected = [
      ...Object.entries(BUILD_ANSWERS).flatMap(([answer, rows]) => rows.map((name) => [name, answer])),
      ...Object.keys(asked.reach).map((name) => [name, "kept out"]),
      ...Object.keys(asked.gateway).map((name) => [name, "403"]),
    ];
    expect(expected.length).toBeGreaterThan(80);
    expect(tolerant(body.output)).toEqual(tolerant(Object.fromEntries(expected)));
    expect(await secretsAsked()).toEqual([]);
  });

  test("a plain build lets many of them succeed", async () => {
    const reach = Object.fromEntries(
      Object.entries(directly()).filter(([what]) => !what.includes("gateway")),
    );
    const found = await inPlainBuild({ names: PLAIN_BUILD_ALLOWS, reach, gateway: {} });
    const expected = [
      ...PLAIN_BUILD_ALLOWS.map((name) => [name, "done"]),
      ...Object.keys(reach).map((what) => [what, "reached"]),
    ];
    expect(found).toEqual(Object.fromEntries(expected));
  });

  test("an upload has nothing fetched from where it must not, and nothing written beside its packages", async () => {
    const at = `${host.address}:${host.port}`;
    const refused = { ...namedAddresses(at), ...ledAstray(at), ...filesOfBuild() };
    const rows = Object.entries({ ...refused, ...writers() });
    const found = await Promise.all(
      rows.map(async ([what, files], index) => [what, await tryUpload(index, files)]),
    );
    const expected = rows.map(([what]) => [
      what,
      what in refused ? "BUILD_FAILED" : "running, and nothing there",
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    expect(await secretsAsked()).toEqual([]);
  });

  test("an upload's own index serves it where all of it is public", async () => {
    expect(await tryUpload("own", ownIndex())).toBe("running, and nothing there");
  });

  test("the builds' proxy goes with the runner", async () => {
    const { runnerId } = await Bun.file(join(runner.dataDir, "runner.json")).json();
    const proxy = ["--filter", `label=oken.proxy=${runnerId}`, "--quiet"];
    const left = async () => [
      ...(await docker(["ps", "--all", ...proxy])),
      ...(await docker(["image", "ls", ...proxy])),
    ];
    expect(await left()).toHaveLength(2);
    await runner.kill("SIGTERM");
    expect(await left()).toEqual([]);
  });

  test("the same uploads have it fetched by a plain build", async () => {
    const uploads = Object.values(ledAstray(`${host.address}:${host.port}`));
    await resolvePlainly(uploads.flatMap((files) => String(files["requirements.txt"])));
    expect(new Set(await secretsAsked()).size).toBeGreaterThanOrEqual(3);
  });
});

/** An upload's own code of error, or what its agent finds. */
async function tryUpload(index: number | string, files: Upload): Promise<unknown> {
  const id = `upload-${index}`;
  const { body } = await runner.deploy(id, {
    "oken.toml": '[agent]\nname = "Upload"\n',
    "main.py": `import os\ndef handler(input):\n    return os.path.exists("${WRITTEN}")\n`,
    ...files,
  });
  if (body.status !== "running") return body.code;
  const { output } = (await runner.invoke(id)).body;
  return output === false ? "running, and nothing there" : output;
}

/** Has uv resolve each file of requirements in a step of a plain build. */
async function resolvePlainly(requirements: string[]): Promise<void> {
  const image = (process.env["OKEN_PYTHON_IMAGE"] ?? "python:{version}-slim").replace("{version}", "3.12");
  await using tree = await temporaryTree({
    ...Object.fromEntries(requirements.map((text, index) => [`${index}.in`, text])),
    Dockerfile: `FROM ${image} AS resolve
RUN --mount=type=bind,from=${process.env["OKEN_UV_IMAGE"]},source=/uv,target=/usr/local/bin/uv \\
    --mount=type=bind,target=/files for file in /files/*.in; do uv pip compile -q --no-build $file; done; touch /done
FROM scratch
COPY --from=resolve /done /
`,
  });
  await docker([
    ...["buildx", "build", "--quiet", "--no-cache", "--provenance=false"],
    ...["--output", `type=local,dest=${tree.path}/out`, tree.path],
  ]);
}

/** Its backend has the name of one that compiles, so that it is built; it needs nothing of an index. */
const PYPROJECT = `[build-system]
requires = []
build-backend = "mesonpy"
backend-path = ["."]
[project]
name = "probe"
version = "1"
`;

/** Makes the attempts, and a wheel that holds what came of them. */
const BACKEND = `import pathlib, subprocess, sys, zipfile
HERE = pathlib.Path(__file__).parent

def build_wheel(directory, config_settings=None, metadata_directory=None):
    command = [sys.executable, str(HERE / "build_attempts.py"), (HERE / "asked").read_text()]
    out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    info = "probe-1.dist-info"
    files = {
        "probe_result.py": "FOUND = " + out.decode(),
        info + "/METADATA": "Metadata-Version: 2.1\\nName: probe\\nVersion: 1\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "/RECORD": "",
    }
    name = "probe-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
`;

/** What a build must not connect to. */
function directly(): Record<string, [kind: string, host: string, port: number]> {
  return {
    "the host": ["tcp", host.address, host.port],
    ...Object.fromEntries(
      Object.entries(OUTSIDE).map(([range, address]) => [range, ["tcp", address, TCP_PORT]]),
    ),
    "the metadata service by UDP": ["udp", METADATA, 5377],
    "the internet without the gateway": ["tcp", PUBLIC, TCP_PORT],
  };
}

const get = (place: string): [string, string] => ["GET", `http://${place}/secret`];

/** What the way out of a source build must not be asked for. */
function throughGateway(): Record<string, [method: string, target: string]> {
  return {
    "get the host's service": get(`${host.address}:${host.port}`),
    "tunnel to the host's service": ["CONNECT", `${host.address}:${host.port}`],
    "get the metadata service": get(METADATA),
    "tunnel to the metadata service": ["CONNECT", `${METADATA}:80`],
    "get a private address": get(`${PRIVATE}:${HTTP_PORT}`),
    "get a private address in IPv6": get(`[::ffff:${PRIVATE}]:${HTTP_PORT}`),
    "get a private address as one number": get(`${numberOf(PRIVATE)}:${HTTP_PORT}`),
    "get the gateway itself": get("127.0.0.1:3128"),
    "get the gateway by name": get("localhost:3128"),
    "get another site": get(`${PUBLIC}:${HTTP_PORT}`),
    "tunnel to another port of the index": ["CONNECT", "pypi.org:22"],
    "tunnel to a name like the index's": ["CONNECT", "pypi.org.example.com:443"],
    "post to the index": ["POST", "http://pypi.org/simple/"],
    "a file by the gateway": ["GET", "file:///proc/self/environ"],
  };
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

async function inPlainBuild(asked: unknown): Promise<unknown> {
  const image = (process.env["OKEN_PYTHON_IMAGE"] ?? "python:{version}-slim").replace("{version}", "3.12");
  const cache = `oken-test-${crypto.randomUUID()}`;
  const mount = `--mount=type=cache,id=${cache},target=/opt/uv-cache`;
  await using tree = await temporaryTree({
    ...PROGRAMS,
    Dockerfile: `FROM ${image} AS attempts
RUN ${mount} touch /opt/uv-cache/another-agents-package
RUN ${mount} --mount=type=bind,target=/sweep cd /tmp && mkdir -p /app && \\
    python3 /sweep/build_attempts.py ${btoa(JSON.stringify(asked))} >/answers.json
FROM scratch
COPY --from=attempts /answers.json /
`,
  });
  await docker([
    ...["buildx", "build", "--quiet", "--no-cache", "--provenance=false"],
    ...["--output", `type=local,dest=${tree.path}/out`, tree.path],
  ]);
  return Bun.file(join(tree.path, "out/answers.json")).json();
}

/** Paths of what no build may fetch, of those that were asked for. */
async function secretsAsked(): Promise<string[]> {
  const asked = await fetch(`http://${PRIVATE}:${HTTP_PORT}/asked`).then((answer) => answer.json());
  const all = Array.isArray(asked) ? asked.map(String) : [];
  return [...all, ...host.asked].filter((path) => path.includes("secret"));
}

async function startHost() {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "0.0.0.0",
    port: 0,
    fetch(request) {
      asked.push(new URL(request.url).pathname);
      return new Response("the host's");
    },
  });
  const address = await hostAddress();
  return { address, port: server.port ?? 0, asked, [Symbol.dispose]: () => void server.stop(true) };
}

function tolerant(answers: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answers ?? {}).map(([name, answer]) => [
      name,
      NO_WAY.test(String(answer)) ? "no way" : String(answer),
    ]),
  );
}
