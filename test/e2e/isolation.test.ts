import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { networkInterfaces } from "node:os";

import { HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
  await runner.deploy("probe", PROBE);
});
afterAll(() => runner[Symbol.asyncDispose]());

/** Tries what it is told to, and says how it ended. */
const PROBE = {
  "oken.toml": '[agent]\nname = "Probe"\n',
  "main.py": `import getpass
import os
import pathlib
import pwd
import socket


def handler(input):
    try:
        return str(globals()[input["try"]](*input.get("with", [])))
    except Exception as error:
        return type(error).__name__


def connect(host, port):
    with socket.create_connection((host, port), timeout=2):
        return "connected"


def write(path):
    return pathlib.Path(path).write_text("x")


def user():
    return os.getuid(), os.getgid(), getpass.getuser(), pwd.getpwuid(os.getuid()).pw_dir


def status(field):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(field + ":"))


def fill(path):
    with open(path, "wb") as file:
        for _ in range(200):
            file.write(bytes(1024 * 1024))
    return "filled"


def exists(path):
    return os.path.exists(path)
`,
};

/** A service of the host on all of its addresses. */
async function listenEverywhere() {
  const server = Bun.serve({ hostname: "0.0.0.0", port: 0, fetch: () => new Response("host") });
  return { port: server.port, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Those of its bridges too. */
function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ family, internal, address }) => (family === "IPv4" && !internal ? [address] : []));
}

const attempt = async (name: string, ...args: unknown[]) =>
  (await runner.invoke("probe", { try: name, with: args })).body.output;

describe("an agent", () => {
  test("cannot connect to its siblings", async () => {
    await runner.deploy("sibling", HANDLER);
    const { body } = await runner.request<{ instances: { address: string }[] }>("GET", "/agents/sibling");
    expect(await attempt("connect", body.instances[0]?.address, 8080)).toBe("OSError");
  });

  test("cannot connect to the host, and is told so at once", async () => {
    await using listener = await listenEverywhere();
    for (const address of hostAddresses())
      expect([address, await attempt("connect", address, listener.port)]).toEqual([address, "OSError"]);
  });

  test("has no rights: a user of its own, no capability, no way to gain one", async () => {
    const user = await attempt("user");
    expect(user).toMatch(/^\((\d{10}), \1, 'agent', '\/home\/agent'\)$/);
    await runner.deploy("other", PROBE);
    const other = (await runner.invoke("other", { try: "user" })).body.output;
    expect(other).not.toBe(user);
    expect(await attempt("status", "CapEff")).toBe("0000000000000000");
    expect(await attempt("status", "NoNewPrivs")).toBe("1");
  });

  test("cannot write its code, its environment or the runtime", async () => {
    for (const path of [
      "/app/main.py",
      "/app/new.py",
      "/opt/oken/runtime/main.py",
      "/etc/passwd",
      "/usr/local/x",
    ]) {
      expect(await attempt("write", path)).toMatch(/OSError|PermissionError/);
    }
  });

  test("can write below /tmp and its home, up to their limits", async () => {
    expect(await attempt("write", "/tmp/x")).toBe("1");
    expect(await attempt("write", "/home/agent/x")).toBe("1");
    expect(await attempt("fill", "/tmp/large")).toBe("OSError");
  });

  test("does not see the engine's socket", async () => {
    expect(await attempt("exists", "/var/run/docker.sock")).toBe("False");
  });
});
