import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DockerExec } from "../../../src/docker/exec.ts";
import { loginOf } from "../../../src/docker/swarm/docker-login.ts";

const REGISTRY = "registry.example.com:5000";

/** Who the runner is to the registry, with this config.json and these answers of credential helpers by their programs. */
async function loginWith(config: unknown, helpers: Record<string, unknown> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "oken-login-"));
  const exec: DockerExec = {
    async run(args, { tool = "", input } = {}) {
      expect({ args, input }).toEqual({ args: ["get"], input: REGISTRY });
      const answer = helpers[tool];
      if (answer === undefined) throw new Error("credentials not found in native keychain");
      return JSON.stringify(answer);
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  try {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    await writeFile(join(directory, "config.json"), text);
    return await loginOf(REGISTRY, { exec, environment: { DOCKER_CONFIG: directory } });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const auth = Buffer.from("runner:a:b").toString("base64");
const LOGIN = { username: "runner", password: "a:b" };

test("the file that docker login writes is read", async () => {
  expect(await loginWith({ auths: { [REGISTRY]: { auth } } })).toEqual(LOGIN);
  expect(await loginWith({ auths: { [`https://${REGISTRY}/v1/`]: { auth } } })).toEqual(LOGIN);
  expect(await loginWith({ auths: { [REGISTRY]: { auth, identitytoken: "t" } } })).toEqual({
    identityToken: "t",
  });
});

test("a credential helper is asked, the registry's own before that of all", async () => {
  const helpers = {
    "docker-credential-cloud": { ServerURL: REGISTRY, Username: "<token>", Secret: "t" },
    "docker-credential-pass": { ServerURL: REGISTRY, Username: "runner", Secret: "a:b" },
  };
  expect(await loginWith({ credsStore: "pass", auths: { [REGISTRY]: {} } }, helpers)).toEqual(LOGIN);
  const both = { credsStore: "pass", credHelpers: { [REGISTRY]: "cloud" } };
  expect(await loginWith(both, helpers)).toEqual({ identityToken: "t" });
});

test("nobody is logged in without a word of the registry", async () => {
  const configs = [
    {},
    "",
    "{",
    { auths: { "other.example.com": { auth } } },
    { auths: { [REGISTRY]: {} } },
    { credsStore: "pass" },
    { credsStore: "../pass" },
  ];
  for (const config of configs) expect(await loginWith(config)).toBeUndefined();
});
