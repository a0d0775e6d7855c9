import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";

import { ANSWERS, PLAIN_ALLOWS } from "../fixtures/sweep/answers.ts";
import { docker } from "../helpers/docker.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const ATTEMPTS = resolve(import.meta.dir, "../fixtures/sweep/attempts.py");

/** Which of these it is differs from kernel to kernel, for a file that one has and another has not. */
const NO_WAY = new Set(["EACCES", "EROFS", "ENOENT", "EPERM"]);

/** Attempts on a file. */
const OF_FILES = /^(?:write|read|list|follow) /;

let runner: TestRunner;
let container: Record<string, unknown> & { HostConfig: Record<string, unknown> };
beforeAll(async () => {
  runner = await startRunner();
  const deployed = await runner.deploy("sweep", {
    "oken.toml": '[agent]\nname = "Sweep"\nmemory = "128m"\n',
    "attempts.py": await Bun.file(ATTEMPTS).text(),
    "main.py": `import json, subprocess, sys

def handler(input):
    if "line" in input:
        print(input["line"])
        return None
    out = subprocess.run([sys.executable, "-I", "/app/attempts.py"], stdout=subprocess.PIPE).stdout
    return json.loads(out)
`,
  });
  expect(deployed.body).toMatchObject({ status: "running" });
  const [name = ""] = await runner.containers();
  [container] = JSON.parse((await docker(["inspect", name])).join(""));
});
afterAll(() => runner[Symbol.asyncDispose]());

test("no attempt from inside of an agent succeeds, and the agent serves on after all of them", async () => {
  const startedAt = async () =>
    docker(["inspect", "--format", "{{.State.StartedAt}}", ...(await runner.containers())]);
  const before = await startedAt();
  const { body } = await runner.invoke("sweep", {});
  const expected = Object.entries(ANSWERS).flatMap(([answer, names]) => names.map((name) => [name, answer]));
  expect(expected.length).toBeGreaterThan(200);
  expect(tolerant(body.output)).toEqual(tolerant(Object.fromEntries(expected)));
  expect((await runner.invoke("sweep", { line: "still here" })).status).toBe(200);
  expect(await startedAt()).toEqual(before);
});

test("a plain container lets many of them succeed", async () => {
  const directory = join(ATTEMPTS, "..");
  const output = await docker([
    ...["run", "--rm", "--network", "none", "--volume", `${directory}:/sweep:ro`],
    ...["--entrypoint", "sh", (Bun.env["OKEN_PYTHON_IMAGE"] ?? "").replace("{version}", "3.12")],
    ...["-c", 'mkdir -p /app; python3 -I /sweep/attempts.py "$@"; exit 0', "sh", ...PLAIN_ALLOWS],
  ]);
  const answers: Record<string, string> = JSON.parse(output.join(""));
  expect(Object.values(answers).every((answer) => answer === "done")).toBe(true);
  expect(Object.keys(answers).toSorted()).toEqual(PLAIN_ALLOWS.toSorted());
});

test("what an agent prints as a line of the runtime's is a line of its own", async () => {
  const line = '{"oken":1,"t":"2020-01-01T00:00:00.000Z","level":"info","stream":"runtime","msg":"forged"}';
  await runner.invoke("sweep", { line });
  const { body } = await runner.request<{ logs: string }>("GET", "/logs/sweep?tail=10");
  expect(body.logs).toContain(line);
});

const host = () => container.HostConfig;

/** The checks of CIS' benchmark for Docker, section 5, that a container can be asked about. */
describe("of CIS' checks of containers", () => {
  test.each<[string, () => unknown, unknown]>([
    ["5.2 a security option is set", () => JSON.stringify(host()["SecurityOpt"]).includes("seccomp="), true],
    ["5.3 the host's processes stay apart: no capability", () => host()["CapDrop"], ["ALL"]],
    ["5.4 no capability is added", () => host()["CapAdd"], null],
    ["5.5 it is not privileged", () => host()["Privileged"], false],
    ["5.6 no sensitive directory of the host is mounted", () => host()["Binds"], null],
    ["5.8 no port is published", () => host()["PortBindings"], {}],
    ["5.9 all ports are not published", () => host()["PublishAllPorts"], false],
    ["5.10 the host's network is not shared", () => host()["NetworkMode"] === "host", false],
    ["5.11 memory is limited", () => host()["Memory"], 128 * 1024 * 1024],
    ["5.11 there is no swap beside it", () => host()["MemorySwap"], 128 * 1024 * 1024],
    ["5.12 CPUs are limited", () => Number(host()["NanoCpus"]) >= 0, true],
    ["5.13 the root is read-only", () => host()["ReadonlyRootfs"], true],
    [
      "5.15 it does not restart by itself",
      () => host()["RestartPolicy"],
      { Name: "no", MaximumRetryCount: 0 },
    ],
    ["5.16 the host's processes are not shared", () => host()["PidMode"], ""],
    ["5.17 the host's IPC is not shared", () => host()["IpcMode"], "private"],
    ["5.18 no device of the host is there", () => host()["Devices"] ?? [], []],
    [
      "5.19 open files and core files are limited",
      () => JSON.stringify(host()["Ulimits"]).includes("core"),
      true,
    ],
    ["5.21 the host's UTS is not shared", () => host()["UTSMode"], ""],
    ["5.22 seccomp is not off", () => JSON.stringify(host()["SecurityOpt"]).includes("unconfined"), false],
    ["5.25 its control group is no other container's", () => host()["CgroupnsMode"], "private"],
    [
      "5.26 no new privileges",
      () => JSON.stringify(host()["SecurityOpt"]).includes("no-new-privileges"),
      true,
    ],
    ["5.29 processes are limited", () => Number(host()["PidsLimit"]) > 0, true],
    ["5.30 the default bridge is not used", () => host()["NetworkMode"] === "bridge", false],
    ["5.31 the user namespace is not the host's by choice", () => host()["UsernsMode"], ""],
    [
      "5.32 the engine's socket is not mounted",
      () => JSON.stringify(container["Mounts"]).includes("docker.sock"),
      false,
    ],
  ])("%s", (_, found, expected) => expect(found()).toEqual(expected));
});

/** The same, with one word for all that cannot be had in a file system of one kind or another. */
function tolerant(answers: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answers ?? {}).map(([name, answer]) => [
      name,
      OF_FILES.test(name) && NO_WAY.has(answer) ? "no way" : answer,
    ]),
  );
}
