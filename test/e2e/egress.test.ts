import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** Reserved for documentation: nobody's, though stand-ins for the internet may be there. */
const DOCUMENTATION = "203.0.113.0/24";

/** Asks the proxy of its environment for what it is told to, as packages do. */
const ASKER = `import os
import socket
import urllib.parse


def handler(input):
    if input["try"] == "resolve":
        try:
            return socket.gethostbyname(input["host"])
        except OSError as error:
            return type(error).__name__
    proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    user = f"{proxy.username}:{input.get('proof') or proxy.password}"
    import base64
    login = base64.b64encode(user.encode()).decode()
    head = f"CONNECT {input['host']} HTTP/1.1\\r\\nHost: {input['host']}\\r\\nProxy-Authorization: Basic {login}\\r\\n\\r\\n"
    with socket.create_connection((proxy.hostname, proxy.port), timeout=20) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096).decode()
    return answer.split(" ")[1] + " " + answer.rpartition("\\r\\n\\r\\n")[2].strip()
`;

const agent = (egress: string) => ({ "oken.toml": `name = "Asker"\negress = ${egress}\n`, "main.py": ASKER });

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_EGRESS_ALLOW: DOCUMENTATION });
  await runner.deploy("listed", agent('["pypi.org", "*.pythonhosted.org", "localhost.example:8443"]'));
});
afterAll(() => runner[Symbol.asyncDispose]());

const connect = async (host: string, more: object = {}) =>
  (await runner.invoke("listed", { try: "connect", host, ...more })).body.output;

describe("an agent that names its hosts", () => {
  test("reaches them by the proxy that its packages are told of", async () => {
    expect(await connect("pypi.org:443")).toBe("200 ");
    expect(await connect("PyPI.org.:443")).toBe("200 ");
    expect(await connect("files.pythonhosted.org:443")).toBe("200 ");
  });

  test.each([
    ["another host", "example.com:443"],
    ["another port", "pypi.org:22"],
    ["what only ends like one of them", "evil-pypi.org:443"],
    ["the parent of a star", "pythonhosted.org:443"],
    ["an address", "203.0.113.80:443"],
    ["this host", "127.0.0.1:443"],
  ])("does not reach %s", async (_, host) => {
    expect(await connect(host)).toBe(`403 ${host} is not in the agent's egress`);
  });

  test("reaches nothing with a list that the runner did not write", async () => {
    expect(await connect("pypi.org:443", { proof: "0".repeat(32) })).toBe(
      "403 the request does not say whose it is",
    );
  });

  test("resolves no names itself", async () => {
    expect((await runner.invoke("listed", { try: "resolve", host: "example.com" })).body.output).toBe(
      "gaierror",
    );
  });

  test("reaches them again when its proxy was removed, and when the runner has started anew", async () => {
    const [network = ""] = await docker([
      "network",
      "ls",
      "--filter",
      `name=${runner.network}-x`,
      "--format",
      "{{.Name}}",
    ]);
    const ours = async () =>
      docker(["ps", "--quiet", "--filter", "name=^oken-proxy-", "--filter", `network=${network}`]);
    const before = await ours();
    expect(before).toHaveLength(1);
    await runner.kill("SIGKILL");
    await runner.restart();
    expect(await connect("pypi.org:443")).toBe("200 ");
    expect(await ours()).toEqual(before);
    await docker(["rm", "--force", ...before]);
    await runner.kill("SIGTERM");
    await runner.restart();
    await eventually(async () => expect(await connect("pypi.org:443")).toBe("200 "), 20_000);
    expect(await ours()).not.toEqual(before);
  });
});

test("an agent without egress resolves nothing", async () => {
  await runner.deploy("closed", agent('"none"'));
  expect((await runner.invoke("closed", { try: "resolve", host: "pypi.org" })).body.output).toBe("gaierror");
});
