import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";

import { hostAddress, selfSigned, startPackageIndex } from "../helpers/package-index.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles, buildSettings, docker } from "./harness-build.ts";

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

/** Looks like a package with a compiled module, whose build writes down what it could reach. */
function probe(code: string): Record<string, string> {
  return {
    "requirements.txt": "./probe\n",
    "probe/setup.py": `from setuptools import setup
import json, os, socket, pathlib
found = {}
def reach(name, host, port):
    try:
        socket.create_connection((host, port), 2).close()
        found[name] = True
    except OSError as error:
        found[name] = False
${code}
pathlib.Path("probe_result.py").write_text("FOUND = " + repr(found) + "\\n")
ext_modules = []
setup(name="probe", version="1", py_modules=["probe_result"], ext_modules=ext_modules)
`,
    "main.py": "import json, probe_result\nprint(json.dumps(probe_result.FOUND))\n",
  };
}

describe("package code that runs while building", () => {
  let neighbour = "";
  let listener: ReturnType<typeof Bun.serve>;
  beforeAll(async () => {
    listener = Bun.serve({ hostname: "0.0.0.0", port: 0, fetch: () => new Response("host") });
    const { pythonImage } = buildSettings();
    neighbour = (
      await docker.run([
        "run",
        "--detach",
        "--rm",
        "--init",
        pythonImage.replace("{version}", "3.12"),
        "python3",
        "-m",
        "http.server",
        "8080",
      ])
    ).trim();
  });
  afterAll(async () => {
    await listener.stop(true);
    await docker.run(["rm", "--force", neighbour]);
  });

  test("reaches neither the host, nor the metadata address, nor a neighbour, nor the internet", async () => {
    const address = (
      await docker.run(["inspect", "--format", "{{.NetworkSettings.IPAddress}}", neighbour])
    ).trim();
    const hosts = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal);
    const code = [
      ...hosts.map(({ address: host }, index) => `reach("host${index}", "${host}", ${listener.port})`),
      `reach("neighbour", "${address}", 8080)`,
      'reach("metadata", "169.254.169.254", 80)',
      'reach("internet", "1.1.1.1", 443)',
      `import urllib.request
def fetch(name, url):
    try:
        found[name] = urllib.request.urlopen(url, timeout=10).status == 200
    except Exception as error:
        found[name] = False
fetch("index", "https://pypi.org/simple/six/")
fetch("host through the gateway", "http://${hosts[0]?.address ?? "127.0.0.1"}:${listener.port}/")
fetch("metadata through the gateway", "http://169.254.169.254/")
fetch("another site through the gateway", "https://example.com/")
gateway = os.environ["OKEN_GATEWAY"].split(":")[0]
reach("the gateway's other ports", gateway, 22)
reach("the host on its side of the bridge", gateway.rsplit(".", 1)[0] + ".1", ${listener.port})
try:
    found["name"] = bool(socket.gethostbyname("example.com"))
except OSError:
    found["name"] = False`,
    ].join("\n");
    await using image = await buildFiles(probe(code));
    const found: Record<string, boolean> = JSON.parse(await image.run());
    expect(Object.keys(found).length).toBeGreaterThan(8);
    expect(Object.entries(found).filter(([, reached]) => reached)).toEqual([["index", true]]);
  });

  test("has no secret, no capability, no writable place but its own and no shared cache", async () => {
    await using image = await buildFiles(
      probe(`
found["secrets"] = os.path.exists("/run/secrets")
found["user"] = os.getuid()
status = pathlib.Path("/proc/self/status").read_text()
found["capabilities"] = int(status.split("CapEff:")[1].split()[0], 16) + int(status.split("CapBnd:")[1].split()[0], 16)
found["privileges"] = status.split("NoNewPrivs:")[1].split()[0]
found["cache"] = os.path.exists("/opt/uv-cache")
try:
    pathlib.Path("/opt/mark").write_text("x"); found["writable"] = True
except OSError:
    found["writable"] = False
`),
    );
    expect(JSON.parse(await image.run())).toEqual({
      secrets: false,
      user: 10001,
      capabilities: 0,
      privileges: "1",
      cache: false,
      writable: false,
    });
  });

  const LIMITS = { memory: 256 * 1024 ** 2, cpus: 1, processes: 64, output: 1024 ** 2 };

  test("is stopped at its limit of memory", async () => {
    const error = await buildFiles(probe("hog = b'x' * (1024 ** 3)"), { wheelLimits: LIMITS }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "memory" } });
  });

  test("is stopped at its limit of processes", async () => {
    const code = `
pids = []
try:
    for _ in range(500):
        pid = os.fork()
        if pid == 0:
            import time
            time.sleep(60)
            os._exit(0)
        pids.append(pid)
    found["forks"] = "unlimited"
except OSError:
    found["forks"] = "limited"
for pid in pids:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
`;
    await using image = await buildFiles(probe(code), { wheelLimits: LIMITS });
    expect(JSON.parse(await image.run())).toEqual({ forks: "limited" });
  });

  test("is stopped at its limit of output", async () => {
    const code = `
pathlib.Path("probe_big.py").write_text("X = '" + os.urandom(3_000_000).hex() + "'")
`;
    const files = probe(code);
    files["probe/setup.py"] =
      files["probe/setup.py"]?.replace('["probe_result"]', '["probe_result", "probe_big"]') ?? "";
    const error = await buildFiles(files, { wheelLimits: LIMITS }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "too_large" } });
  });

  test("is stopped at the build's deadline, and nothing of it is left", async () => {
    const labels = { "oken.test": crypto.randomUUID() };
    const error = await buildFiles(probe("import time; time.sleep(300)"), {
      buildTimeout: 15,
      labels,
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "BUILD_TIMEOUT" });
    expect(await leftovers(labels["oken.test"])).toEqual([]);
  });
});

async function leftovers(label: string): Promise<string[]> {
  const filter = ["--filter", `label=oken.test=${label}`, "--quiet"];
  const outputs = await Promise.all([
    docker.run(["ps", "--all", ...filter]),
    docker.run(["network", "ls", ...filter]),
    docker.run(["image", "ls", ...filter]),
  ]);
  return outputs
    .join("")
    .split("\n")
    .filter((line) => line !== "");
}

/** Changes every copy of a published package that its build can reach. */
const POISON = `
import os, pathlib
for cache in ("/opt/uv-cache", os.environ.get("UV_CACHE_DIR", "/nowhere")):
    for path in pathlib.Path(cache).rglob("six.py"):
        path.write_text("HOSTILE = True\\n")
from setuptools import setup
setup(name="oken_poison", version="1", py_modules=["oken_poison"])
`;

const hostileSetup = (name: string) =>
  `${mark(name)}\nfrom setuptools import setup\nsetup(name="evil", version="1", py_modules=["evil"])\n`;

const backend = (name: string) => ({
  "backend.py": `${mark(name)}\nfrom setuptools.build_meta import *\n`,
});

/** A `setup.py` that looks for `secret` wherever it can read, and has the wheel say where it was. */
const seeker = (secret: string) => `
import os, pathlib
from setuptools import setup
places = [pathlib.Path("/proc", pid, name) for pid in os.listdir("/proc") if pid.isdigit() for name in ("environ", "cmdline")]
for root in ("/opt/oken", "/run", "/etc", "/work/home", "/work/tmp", "/work/project"):
    places += [pathlib.Path(parent, name) for parent, _, names in os.walk(root) for name in names]
found = []
for place in places:
    try:
        if "${secret}".encode() in place.read_bytes():
            found.append(str(place))
    except OSError:
        pass
pathlib.Path("oken_secretive.py").write_text("FOUND = " + repr([len(places) > 20, found]) + "\\n")
setup(name="oken_secretive", version="1", py_modules=["oken_secretive"])
`;

describe("an index that wants a password", () => {
  test.each(["http", "https"])(
    "gives its source packages over %s to a build that never holds it",
    async (scheme) => {
      const password = `pw-${crypto.randomUUID().replaceAll("-", "")}`;
      const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
      try {
        const tls = scheme === "https" ? await selfSigned(await hostAddress()) : undefined;
        const caFile = join(directory, "ca.pem");
        const known = process.env["OKEN_CA_FILE"];
        await writeFile(
          caFile,
          `${known === undefined ? "" : await readFile(known, "utf8")}\n${tls?.cert ?? ""}`,
        );
        const source = await sdist("oken_secretive", "1", { "setup.py": seeker(password) });
        using index = await startPackageIndex(
          { "oken_secretive-1.tar.gz": source },
          { password, ...(tls === undefined ? {} : { tls }) },
        );
        await using image = await buildFiles(
          {
            "main.py": "import oken_secretive\nprint(oken_secretive.FOUND)\n",
            "requirements.txt": "oken-secretive==1\n",
          },
          { settings: { extraIndexUrls: [index.url], caFile } },
        );
        expect(await image.run()).toBe("[True, []]\n");
        expect(JSON.stringify(image.events)).not.toContain(password);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  );
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

  test("a source archive of the upload is built apart", async () => {
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

describe("what one agent built does not reach another", () => {
  test("a wheel that one built under a published name and version", async () => {
    await using hostile = await buildFiles({
      "main.py": GENUINE_SIX,
      "requirements.txt": "./six\n",
      "six/setup.py":
        'from setuptools import setup\next_modules = []\nsetup(name="six", version="1.16.0", py_modules=["six"], ext_modules=ext_modules)\n',
      "six/six.py": "HOSTILE = True\n",
    });
    expect(await hostile.run()).toBe("hostile\n");
    await using other = await buildFiles(
      { "main.py": GENUINE_SIX, "requirements.txt": "six==1.16.0\n" },
      { agentId: "another-agent" },
    );
    expect(await other.run()).toBe("genuine\n");
  });

  test("a wheel that one shipped under a published name and version", async () => {
    const forged = wheel("six", "1.16.0", { "six.py": "HOSTILE = True\n" });
    const file = wheelName("six", "1.16.0");
    await using hostile = await buildFiles({
      "main.py": GENUINE_SIX,
      "requirements.txt": `./${file}\n`,
      [file]: forged,
    });
    expect(await hostile.run()).toBe("hostile\n");
    await using other = await buildFiles(
      { "main.py": GENUINE_SIX, "requirements.txt": "six==1.16.0\n" },
      { agentId: "another-agent" },
    );
    expect(await other.run()).toBe("genuine\n");
  });

  test("a package in the cache that the code of another package would change", async () => {
    // In a cache of its own, so that nobody else is harmed should it come to harm.
    const uvImage = `oken-test/uv:${crypto.randomUUID()}`;
    await docker.run(["tag", buildSettings().uvImage, uvImage]);
    try {
      using index = await startPackageIndex({
        "oken_poison-1.tar.gz": await sdist("oken_poison", "1", { "setup.py": POISON, "oken_poison.py": "" }),
      });
      const settings = { uvImage, extraIndexUrls: [index.url] };
      const build = (requirements: string, agentId: string) =>
        buildFiles({ "main.py": GENUINE_SIX, "requirements.txt": requirements }, { agentId, settings });
      await using first = await build("six==1.16.0\n", "first");
      await using hostile = await build("oken-poison==1\nsix==1.16.0\n", "hostile");
      await using other = await build("six==1.16.0\nidna==3.7\n", "other");
      expect([await first.run(), await hostile.run(), await other.run()]).toEqual([
        "genuine\n",
        "genuine\n",
        "genuine\n",
      ]);
    } finally {
      await docker.run(["image", "rm", "--force", uvImage]);
    }
  });

  test("a layer that one made with credentials that the other does not have", async () => {
    const files = { [wheelName("oken_private", "1")]: wheel("oken_private", "1", { "oken_private.py": "" }) };
    using index = await startPackageIndex(files, { password: crypto.randomUUID() });
    const upload = { "main.py": "import oken_private\n", "requirements.txt": "oken-private==1\n" };
    await using first = await buildFiles(upload, { settings: { indexUrl: index.url } });
    expect(await first.run()).toBe("");
    const wrong = `http://reader:wrong@${index.host}:${index.port}/simple/`;
    const error = await buildFiles(upload, { agentId: "other", settings: { indexUrl: wrong } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "index_credentials" } });
  });
});

describe("where building from source is denied", () => {
  test.each([
    ["a package", { "requirements.txt": "docopt==0.6.2\n" }, "docopt"],
    [
      "a project of the upload",
      { "requirements.txt": "./native\n", "native/setup.py": "ext_modules=[]\n" },
      "native",
    ],
  ] as const)("%s is refused with what to do", async (_, files, name) => {
    const error = await buildFiles({ "main.py": "", ...files }, { settings: { sdist: "deny" } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: "BUILD_FAILED",
      details: { class: "needs_build", hint: expect.stringContaining("wheel") },
    });
    expect(String(error)).toContain(name);
  });
});
