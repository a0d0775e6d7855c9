import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DockerExec } from "../../../src/docker/exec.ts";
import { createRegistryClient } from "../../../src/docker/swarm/registry-client.ts";
import { authoritiesOf, isInsecure, registryConfigArgs } from "../../../src/docker/swarm/registry-reach.ts";

const DIGEST = `sha256:${"c".repeat(64)}`;

/** As `docker info` prints it of an engine with a registry that it was told of. */
const CONFIG = JSON.stringify({
  IndexConfigs: {
    "docker.io": { Name: "docker.io", Secure: true },
    "registry.lan:5000": { Name: "registry.lan:5000", Secure: false },
  },
  InsecureRegistryCIDRs: ["127.0.0.0/8", "10.231.7.0/24"],
});

const exec: DockerExec = {
  async run(args) {
    expect(args).toEqual(registryConfigArgs());
    return CONFIG;
  },
  stream: () => {
    throw new Error("nothing is streamed here");
  },
  close: async () => undefined,
};

/** A registry that gives each path to whom it has sent a token for, and a client of it whose docker has logged in. */
async function guarded(login: object) {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search, origin } = new URL(request.url);
      const authorization = request.headers.get("Authorization");
      if (pathname === "/token") {
        asked.push(`${request.method} ${search} ${authorization ?? (await request.text())}`);
        return Response.json({ token: "opened" });
      }
      if (authorization === "Bearer opened")
        return new Response(null, { headers: { "Docker-Content-Digest": DIGEST } });
      const scope = `repository:${pathname.split("/")[2]}:pull`;
      const challenge = `Bearer realm="${origin}/token",service="registry",scope="${scope}"`;
      return new Response(null, { status: 401, headers: { "WWW-Authenticate": challenge } });
    },
  });
  const directory = await mkdtemp(join(tmpdir(), "oken-client-"));
  const registry = `127.0.0.1:${server.port}`;
  await writeFile(join(directory, "config.json"), JSON.stringify({ auths: { [registry]: login } }));
  return {
    asked,
    client: createRegistryClient(registry, { exec, environment: { DOCKER_CONFIG: directory } }),
    name: { registry, repository: "oken", tag: "v1" },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

test("a token is fetched with what docker login has kept", async () => {
  await using password = await guarded({ auth: Buffer.from("me:secret").toString("base64") });
  expect(await password.client.digestOf(password.name)).toBe(DIGEST);
  expect(password.asked).toEqual([
    `GET ?service=registry&scope=repository%3Aoken%3Apull Basic ${Buffer.from("me:secret").toString("base64")}`,
  ]);
  await using token = await guarded({ identitytoken: "refresh" });
  expect(await token.client.digestOf(token.name)).toBe(DIGEST);
  expect(token.asked[0]).toContain("grant_type=refresh_token&client_id=oken-runner&refresh_token=refresh");
});

const next = (target: string) => ({ headers: { Link: `<${target}>; rel="next"` } });

/** A registry with these answers by path, and a client of it. */
function answering(answers: Record<string, () => Response>) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      const { pathname, search } = new URL(url);
      return answers[`${pathname}${search}`]?.() ?? new Response(null, { status: 404 });
    },
  });
  const registry = `127.0.0.1:${server.port}`;
  return {
    client: createRegistryClient(registry, { exec, environment: {} }),
    name: { registry, repository: "oken", tag: "v1" },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

describe("of an image's tags", () => {
  const LIST = "/v2/oken/tags/list";

  test("all are known where a registry gives them in parts", async () => {
    await using registry = answering({
      [LIST]: () => Response.json({ name: "oken", tags: ["v1", "v2"] }, next(`${LIST}?last=v2&n=2`)),
      [`${LIST}?last=v2&n=2`]: () => Response.json({ tags: ["v3"] }, next(`http://here${LIST}?last=v3`)),
      [`${LIST}?last=v3`]: () => Response.json({ tags: null }),
    });
    expect(await registry.client.tagsBeside(registry.name)).toEqual(["v1", "v2", "v3"]);
  });

  test.each([
    ["a list that is cut off", () => new Response('{"name": "oken", "tags": ["v1", '), "CONTAINER_ERROR"],
    ["another program's answer", () => new Response("<html>Welcome</html>"), "CONTAINER_ERROR"],
    ["a refusal", () => new Response(null, { status: 401 }), "CONTAINER_ERROR"],
    ["a failure", () => new Response(null, { status: 500 }), "ENGINE_UNAVAILABLE"],
    ["a list without an end", () => endless(), "CONTAINER_ERROR"],
  ] as const)("none are known by %s, or images would go that others need", async (_, answer, code) => {
    await using registry = answering({ [LIST]: answer });
    await expect(registry.client.tagsBeside(registry.name)).rejects.toMatchObject({ code });
  });

  function endless(): Response {
    return Response.json({ tags: ["v1"] }, next(LIST));
  }
});

test("what answers without a digest is no registry", async () => {
  await using registry = answering({ "/v2/oken/manifests/v1": () => new Response("<html>Log in</html>") });
  await expect(registry.client.digestOf(registry.name)).rejects.toThrow(
    "cannot be used: it answered 200 without a digest, as no registry does.",
  );
});

test("a registry that does not answer is away", async () => {
  const client = createRegistryClient("127.0.0.1:1", { exec, environment: {} });
  const name = { registry: "127.0.0.1:1", repository: "oken", tag: "v1" };
  await expect(client.digestOf(name)).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
});

test.each([
  ["127.0.0.1:5000", true],
  ["localhost:5000", true],
  ["10.231.7.1:5000", true],
  ["registry.lan:5000", true],
  ["10.0.0.1:5000", false],
  ["registry.example.com", false],
  ["docker.io", false],
])("the engine asks %s for a certificate that it trusts: not %p", (registry, expected) => {
  expect(isInsecure(registry, CONFIG)).toBe(expected);
});

test("the authority of a registry is found where engines look for it", async () => {
  const root = await mkdtemp(join(tmpdir(), "oken-certs-"));
  try {
    expect(await authoritiesOf("registry.lan:5000", root)).toBeUndefined();
    await Bun.write(join(root, "registry.lan:5000", "ca.crt"), "CERTIFICATE");
    expect((await authoritiesOf("registry.lan:5000", root))?.at(-1)).toBe("CERTIFICATE");
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
