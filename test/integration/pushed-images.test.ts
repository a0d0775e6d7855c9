import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createDockerExec } from "../../src/docker/exec.ts";
import { createImages } from "../../src/docker/images/image.ts";
import { createPushedImages } from "../../src/docker/swarm/pushed-images.ts";
import { createRegistryClient } from "../../src/docker/swarm/registry-client.ts";
import type { BuildEvent } from "../../src/docker/types.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { docker } from "../helpers/docker.ts";
import { hasRegistry, startRegistry } from "../helpers/registry.ts";

setDefaultTimeout(120_000);

const BUILD_MS = 60_000;

/** Images in this host's engine and a registry, below a name of their own. Nothing of them is left in the engine. */
async function pushedImages(registry: string, environment: Record<string, string> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "oken-pushed-"));
  const prefix = `${registry}/team`;
  const own = { ...process.env, ...environment };
  const exec = createDockerExec({ environment: own });
  const host = createImages(exec);
  const client = createRegistryClient(registry, { exec, environment: own });
  const images = createPushedImages({ exec, images: host, client, prefix, clock: systemClock });
  const tags: string[] = [];
  return {
    ...{ images, host, client },
    tag: (version: string) => `${prefix}/oken/agent:${version}`,
    name: (tag: string) => ({ registry, repository: "team/oken/agent", tag }),
    async build(tag: string, content: string, onEvent?: (event: BuildEvent) => void) {
      tags.push(tag);
      const context = join(directory, `context-${Bun.randomUUIDv7()}`);
      await mkdir(context);
      await writeFile(join(context, "file"), content);
      const dockerfile = join(directory, "Dockerfile");
      await writeFile(dockerfile, "FROM scratch\nCOPY file /\n");
      const inputs = { dockerfile, context, contexts: [], buildArgs: {}, secretFiles: {} };
      return images.buildImage({ inputs, tag, labels: { test: "yes" }, timeoutMs: BUILD_MS, onEvent });
    },
    async [Symbol.asyncDispose]() {
      await host.removeImages(tags);
      await exec.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

test.skipIf(!hasRegistry)(
  "an image is pushed as it is built, is found by its digest, and goes from both",
  async () => {
    await using registry = await startRegistry();
    await using pushed = await pushedImages(registry.address);
    const { images, host, client, tag, name } = pushed;
    const events: BuildEvent[] = [];
    await pushed.build(tag("v1"), "one", (event) => events.push(event));
    const digest = await client.digestOf(name("v1"));
    expect(await images.resolve(tag("v1"))).toBe(`${registry.address}/team/oken/agent@${digest}`);
    const step = { type: "step", name: `pushing to ${registry.address}` } as const;
    expect(events).toContainEqual({ ...step, status: "started" });
    expect(events.at(-1)).toMatchObject({ ...step, status: "done" });

    // As another runner, which has built nothing.
    const exec = createDockerExec({ environment: process.env });
    const other = createPushedImages({
      ...{ exec, images: host, client, prefix: `${registry.address}/team`, clock: systemClock },
    });
    expect(await other.resolve(tag("v1"))).toBe(await images.resolve(tag("v1")));
    await host.removeImages([tag("v1")]);
    expect(await other.imageExists(tag("v1"))).toBeTrue();
    expect(await other.provide(tag("v1"))).toBeUndefined();
    await expect(other.resolve(tag("v2"))).rejects.toThrow(`No such image: ${tag("v2")}`);
    expect(await other.imageExists(tag("v2"))).toBeFalse();

    await images.removeImages([tag("v1"), tag("v2")]);
    expect(await client.digestOf(name("v1"))).toBeUndefined();
    expect(await images.imageExists(tag("v1"))).toBeFalse();
  },
);

test.skipIf(!hasRegistry)(
  "an image with two tags stays until the second goes, and a registry that removes nothing is no error",
  async () => {
    await using registry = await startRegistry();
    await using pushed = await pushedImages(registry.address);
    const { images, client, tag, name } = pushed;
    await pushed.build(tag("v1"), "same");
    await pushed.build(tag("v2"), "same");
    expect(await client.digestOf(name("v1"))).toBe(await client.digestOf(name("v2")));
    await images.removeImages([tag("v1")]);
    expect(await client.digestOf(name("v2"))).toBeString();
    await images.removeImages([tag("v2")]);
    expect(await client.digestOf(name("v1"))).toBeUndefined();
    expect(await images.registryOffers()).toEqual({ address: `${registry.address}/team`, removes: true });

    await using archive = await startRegistry({ removes: false });
    await using kept = await pushedImages(archive.address);
    await kept.build(kept.tag("v1"), "kept");
    await kept.images.removeImages([kept.tag("v1")]);
    expect(await kept.client.digestOf(kept.name("v1"))).toBeString();
    expect(await docker(["image", "ls", "--quiet", kept.tag("v1")])).toEqual([]);
    expect(await kept.images.registryOffers()).toMatchObject({ removes: false });
  },
);

test.skipIf(!hasRegistry)(
  "while the registry is away a push fails and what was pushed is known; what it lost is pushed again",
  async () => {
    await using registry = await startRegistry();
    await using pushed = await pushedImages(registry.address);
    const { images, client, tag, name } = pushed;
    await pushed.build(tag("v1"), "one");
    await registry.stop();
    const away = { code: "ENGINE_UNAVAILABLE", details: { reason: "registry_away" } };
    await expect(pushed.build(tag("v2"), "two")).rejects.toMatchObject(away);
    expect(await images.resolve(tag("v1"))).toContain("@sha256:");
    await expect(images.imageExists(tag("v1"))).rejects.toMatchObject(away);
    // What was never there is removed all the same; what may be there keeps its tag here.
    await images.removeImages([tag("v2")]);
    await expect(images.removeImages([tag("v1")])).rejects.toMatchObject(away);
    expect(
      await docker(["image", "ls", "--format", "{{.Tag}}", `${registry.address}/team/oken/agent`]),
    ).toEqual(["v1"]);
    await registry.lose();
    await registry.restart();
    expect(await images.provide(tag("v1"))).toContain("@sha256:");
    expect(await client.digestOf(name("v1"))).toBeString();
    await registry.stop();
    await registry.lose();
    await registry.restart();
    expect(await images.imageExists(tag("v1"))).toBeTrue();
    await images.removeImages([tag("v1")]);
  },
);

test.skipIf(!hasRegistry)(
  "a registry with users takes what docker login has kept, and nobody else",
  async () => {
    await using registry = await startRegistry({ users: { runner: "correct:horse" } });
    const config = await mkdtemp(join(tmpdir(), "oken-docker-"));
    try {
      await using stranger = await pushedImages(registry.address, { DOCKER_CONFIG: config });
      const refused = { code: "CONTAINER_ERROR", details: { reason: "registry_denied" } };
      await expect(stranger.build(stranger.tag("v1"), "one")).rejects.toMatchObject(refused);
      await expect(stranger.images.imageExists(stranger.tag("v1"))).rejects.toMatchObject(refused);

      const auth = Buffer.from("runner:correct:horse").toString("base64");
      await writeFile(
        join(config, "config.json"),
        JSON.stringify({ auths: { [registry.address]: { auth } } }),
      );
      await using known = await pushedImages(registry.address, { DOCKER_CONFIG: config });
      await known.build(known.tag("v1"), "one");
      expect(await known.images.imageExists(known.tag("v1"))).toBeTrue();
      await known.images.removeImages([known.tag("v1")]);
      expect(await known.images.imageExists(known.tag("v1"))).toBeFalse();
    } finally {
      await rm(config, { recursive: true, force: true });
    }
  },
);
