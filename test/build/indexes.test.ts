import { describe, expect, test } from "bun:test";

import { readSdistOutput } from "../../src/build/sdists/output.ts";
import { newPlan } from "../../src/dependencies/plan.ts";
import { temporaryTree } from "../helpers/tree.ts";
import { allowedHosts, refusePrivateHosts, splitCredentials } from "../../src/build/indexes.ts";

const PYPI = splitCredentials({});

const lines = (address: string) => ({ "requirements.in": `x @ ${address}\n` });

describe("what an upload may not have fetched, however it is written", () => {
  test.each([
    "http://127.0.0.1/x.whl",
    "http://127.0.0.1./x.whl",
    "http:/127.0.0.1/x.whl",
    "http:127.0.0.1/x.whl",
    "http:///127.0.0.1/x.whl",
    "http:\\\\127.0.0.1/x.whl",
    "HTTP://127.0.0.1/x.whl",
    "HtTpS:/169.254.169.254/latest",
    "http://2130706433/x.whl",
    "http://0x7f.1/x.whl",
    "http://0177.0.0.1/x.whl",
    "http://127.1/x.whl",
    "http://127%2e0%2e0%2e1/x.whl",
    "http://１２７.0.0.1/x.whl",
    "http://pypi.org@127.0.0.1/x.whl",
    "http://pypi.org:443@127.0.0.1/x.whl",
    "http://pypi.org,me@127.0.0.1/x.whl",
    "http://pypi.org;me@127.0.0.1/x.whl",
    "http://pypi.org`<me>@127.0.0.1/x.whl",
    "http://LocalHost/x.whl",
    "http://localhost./x.whl",
    "http://a.localhost:8000/x.whl",
    "http://metadata.google.internal./x.whl",
    "http://registry/x.whl",
    "http://10.0.0.1/x.whl",
    "http://100.64.0.1/x.whl",
    "http://172.31.255.255/x.whl",
    "http://192.168.1.1/x.whl",
    "http://0.0.0.0/x.whl",
    "http://224.0.0.1/x.whl",
    "http://[::1]/x.whl",
    "http://[::]/x.whl",
    "http://[::ffff:127.0.0.1]/x.whl",
    "http://[::127.0.0.1]/x.whl",
    "http://[64:ff9b::7f00:1]/x.whl",
    "http://[2002:7f00:1::]/x.whl",
    "http://[fd00:ec2::254]/x.whl",
    "http://[fe80::1]/x.whl",
    "http://[fec0::1]/x.whl",
    "http://[64:ff9b:1::a00:1]/x.whl",
    "http://168.63.129.16/machine",
    "http://192.0.0.192/x.whl",
    "http://198.19.0.1/x.whl",
    "http://255.255.255.255/x.whl",
    "git+http://127.0.0.1/x.git",
  ])("%s", (address) => {
    for (const files of [lines(address), { "uv.lock": `url = '${address}'\n` }]) {
      expect(() => refusePrivateHosts(PYPI, files)).toThrow("inside the runner's own network");
    }
  });

  test.each([
    ["escaped", 'url = "\\u0068ttp://127.0.0.1/x.whl"\n'],
    ["over two lines", 'url = """http://127.0.\n0.1/x.whl"""\n'],
    ["with a tab inside", 'url = "ht\\tp:\\t//127.0.0.1/x.whl"\n'.replace("ht\\tp", "htt\\tp")],
    ["as a name", '"http://127.0.0.1/\\u0061" = 1\n'],
  ])("in TOML %s", (_, text) => {
    expect(() => refusePrivateHosts(PYPI, { "pyproject.toml": text })).toThrow(
      "inside the runner's own network",
    );
  });

  test.each([
    "x @ https://pypi.org/${HTTPS_PROXY}",
    "x @ ${OKEN_INDEX_URL}",
    "--index-url https://a.example/${UV_INDEX}",
  ])("nor with a variable: %s", (line) => {
    expect(() => refusePrivateHosts(PYPI, { "requirements.in": line })).toThrow("does not fill in");
  });
});

test.each([
  "https://pypi.org/simple",
  "https://files.example.com/a,b/x-1.whl#sha256=0",
  "http://8.8.8.8/x.whl",
  "http://[2606:4700::1111]/x.whl",
  "http://172.32.0.1/x.whl",
])("%s may be fetched", (address) => {
  expect(() => refusePrivateHosts(PYPI, lines(address))).not.toThrow();
});

test("an index that the operator named may be inside, and is the only one there that may", () => {
  const indexes = splitCredentials({ indexUrl: "http://10.0.0.1:8080/simple" });
  expect(() => refusePrivateHosts(indexes, lines("http://10.0.0.1:8080/x.whl"))).not.toThrow();
  expect(() => refusePrivateHosts(indexes, lines("http://10.0.0.1/x.whl"))).toThrow("10.0.0.1:80");
});

test("a source build's gateway is told each host as it will be asked for", () => {
  const hosts = allowedHosts(PYPI, lines("HTTPS:/Files.Example.COM./x.whl"));
  expect(hosts).toContainEqual({ host: "files.example.com", port: 443, trusted: false });
});

const written = (url: string) => ({ "requirements.lock": `x @ ${url} --hash=sha256:00\n` });

test("a lock that a source build wrote names nothing inside either", async () => {
  const plan = newPlan({ style: "requirements.txt", reason: "", lock: "requirements.lock" });
  const read = async (files: Record<string, string>) => {
    await using tree = await temporaryTree(files);
    return await readSdistOutput(tree.path, {
      plan,
      task: { lock: undefined, packages: [] },
      sources: { indexUrl: "http://10.0.0.1/simple" },
    });
  };
  await expect(read(written("http:/169.254.169.254/x.whl"))).rejects.toThrow(
    "inside the runner's own network",
  );
  const { lock } = await read(written("http://10.0.0.1/x.whl"));
  expect(lock.text).toStartWith("x @ http://10.0.0.1/x.whl");
});
