import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { networkInterfaces } from "node:os";

import { buildFiles, buildSettings, docker, leftovers } from "./harness-build.ts";

setDefaultTimeout(300_000);

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
