import { expect, test } from "bun:test";
import { mkdir, rm } from "node:fs/promises";

import { ownSource } from "../../../src/agents/starts/own-source.ts";
import { mirroredStore } from "../../../src/agents/mirror/mirrored-store.ts";
import { takeRecords } from "../../../src/agents/mirror/take-records.ts";
import { createSecretFiles } from "../../../src/agents/secrets/files.ts";
import { createStore } from "../../../src/agents/store.ts";
import { reachNothing } from "../../../src/lib/fail-points.ts";
import { createLog } from "../../../src/lib/log.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";
import { type FakeEngine, createFakeEngine } from "../../helpers/fake-engine.ts";
import { agentRecord, versionRecord } from "../../helpers/records.ts";

const log = createLog({ level: "silent", format: "json" });
const KEY = Buffer.alloc(32, 7);
const USER = 20_000;

type Options = { keys?: Buffer[]; isOwn?: boolean; engine?: FakeEngine };

/** A swarm, and runners on its hosts, each with a disk of its own. */
async function swarm() {
  const scratch = await scratchDirectory();
  const engine = createFakeEngine();
  const runnerOn = async (host: string, { keys = [], isOwn = true, ...given }: Options = {}) => {
    const disk = createStore(scratch.path(host));
    const mirror = await takeRecords({ engine: given.engine ?? engine, store: disk, log }, { isOwn });
    const store = mirroredStore(disk, mirror, reachNothing);
    const versionDir = (agentId: string, version: number) => store.versionDir(agentId, version);
    const secrets = createSecretFiles({ versionDir, keys, mountDir: scratch.path(host, "mounted"), mirror });
    const deploy = async (version: number, values: Record<string, string> = {}) => {
      await mkdir(versionDir("echo", version), { recursive: true });
      await secrets.writeSecrets("echo", version, { secrets: values, reader: undefined });
      await store.writeVersion("echo", { ...versionRecord(version), user_id: USER });
      await store.writeAgent(agentRecord([version], version));
    };
    return { store, secrets, deploy };
  };
  const lose = (host: string) => rm(scratch.path(host), { recursive: true, force: true });
  return { engine, runnerOn, lose, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

const kinds = async (engine: FakeEngine) => (await engine.records()).map(({ kind }) => kind).sort();

test("a runner on another host has the agents, and their secrets where they are encrypted", async () => {
  await using hosts = await swarm();
  const first = await hosts.runnerOn("a", { keys: [KEY] });
  await first.deploy(1, { TOKEN: "secret" });
  await hosts.lose("a");
  const { store, secrets } = await hosts.runnerOn("b", { keys: [KEY] });
  expect(await store.readAgent("echo")).toEqual(agentRecord([1], 1));
  expect(await store.readVersion("echo", 1)).toEqual({ ...versionRecord(1), user_id: USER });
  expect(await secrets.readSecrets("echo", 1)).toEqual({ TOKEN: "secret" });
  expect(await Bun.file(store.passwdPath("echo", 1)).text()).toContain(`agent:x:${USER}:`);
  expect(JSON.stringify(await hosts.engine.records())).not.toContain('secret\\"');
});

test("secrets that are not encrypted are on one host alone, and a start elsewhere says which are lost", async () => {
  await using hosts = await swarm();
  await (await hosts.runnerOn("a")).deploy(1, { TOKEN: "hidden", KEY: "hidden" });
  expect(JSON.stringify(await hosts.engine.records())).not.toContain("hidden");
  const { secrets, deploy } = await hosts.runnerOn("b");
  await expect(secrets.requireThere("echo", 1)).rejects.toThrow(
    "The secrets of agent echo, version 1 (KEY, TOKEN), were lost with the data directory that it was deployed to. Deploy it again with them; with OKEN_SECRETS_KEY_FILE they are kept.",
  );
  await expect(secrets.readSecrets("echo", 1)).rejects.toMatchObject({ code: "CONFIG_ERROR" });
  await expect(secrets.readSecrets("echo", 1, ["TOKEN"])).rejects.toThrow("version 1 (KEY), were lost");
  expect(await secrets.readSecrets("echo", 1, ["TOKEN", "KEY"])).toEqual({});
  await deploy(2, { TOKEN: "again" });
  await secrets.requireThere("echo", 2);
});

test("an agent without secrets needs none, on any host", async () => {
  await using hosts = await swarm();
  await (await hosts.runnerOn("a")).deploy(1);
  const { secrets } = await hosts.runnerOn("b");
  await secrets.requireThere("echo", 1);
  expect(await Bun.file(secrets.secretsPath("echo", 1)).text()).toBe("{}");
});

test("what the swarm keeps wins over a disk from before, and a version that another host made replaces one", async () => {
  await using hosts = await swarm();
  const before = await hosts.runnerOn("a");
  await before.deploy(1, { TOKEN: "hidden" });
  const other = await hosts.runnerOn("b");
  await other.store.writeVersion("echo", { ...versionRecord(1), user_id: USER, tree_digest: "another" });
  await other.store.writeAgent({ ...agentRecord([1], 1), desired: "stopped" });
  const { store, secrets } = await hosts.runnerOn("a");
  expect((await store.readAgent("echo"))?.desired).toBe("stopped");
  expect((await store.readVersion("echo", 1)).tree_digest).toBe("another");
  await expect(secrets.requireThere("echo", 1)).rejects.toThrow("were lost");
});

test("an agent that was removed elsewhere does not come back", async () => {
  await using hosts = await swarm();
  await (await hosts.runnerOn("a")).deploy(1);
  await (await hosts.runnerOn("b")).store.removeAgent("echo");
  expect(await kinds(hosts.engine)).toEqual([]);
  expect(await (await hosts.runnerOn("a")).store.listAgents()).toEqual([]);
});

test("the agents of a runner of one host are kept from its first start in a swarm on", async () => {
  await using hosts = await swarm();
  const elsewhere = createFakeEngine();
  await (await hosts.runnerOn("a", { engine: elsewhere, keys: [KEY] })).deploy(1, { TOKEN: "secret" });
  await hosts.runnerOn("a", { isOwn: false });
  expect(await kinds(hosts.engine)).toEqual(["agent", "secrets", "version"]);
  const { secrets } = await hosts.runnerOn("b", { keys: [KEY] });
  expect(await secrets.readSecrets("echo", 1)).toEqual({ TOKEN: "secret" });
});

test("a deploy whose version is not kept has not been, and leaves nothing", async () => {
  await using hosts = await swarm();
  await (await hosts.runnerOn("a")).deploy(1);
  const text = JSON.stringify(agentRecord([1, 2], 2));
  await hosts.engine.keepRecord({ kind: "agent", agentId: "echo", number: 9, text });
  await hosts.engine.keepRecord({ kind: "agent", agentId: "other", number: 1, text: "damaged" });
  const { store, deploy } = await hosts.runnerOn("b");
  expect(await store.readAgent("echo")).toEqual(agentRecord([1], 1));
  expect(await store.listAgents()).toEqual(["echo"]);
  expect(await kinds(hosts.engine)).toEqual(["agent", "secrets", "version"]);
  await deploy(2);
  expect((await (await hosts.runnerOn("c")).store.readAgent("echo"))?.current_version).toBe(2);
});

test("a text whose number somebody else took is kept under the next", async () => {
  await using hosts = await swarm();
  const { deploy } = await hosts.runnerOn("a");
  await hosts.engine.keepRecord({ kind: "agent", agentId: "echo", number: 1, text: "{}" });
  await deploy(1);
  const texts = (await hosts.engine.records()).filter(({ kind }) => kind === "agent");
  expect(texts.map(({ number }) => number)).toEqual([1, 2]);
});

test("when the disk does not take a record, the one before is kept", async () => {
  await using hosts = await swarm();
  const { deploy, store } = await hosts.runnerOn("a");
  await deploy(1);
  const kept = await hosts.engine.records();
  // A file is where its directory was.
  await rm(store.agentDir("echo"), { recursive: true });
  await Bun.write(store.agentDir("echo"), "");
  await expect(store.writeAgent(agentRecord([1], 1))).rejects.toThrow();
  expect(await hosts.engine.records()).toEqual(kept);
});

test("an agent whose source is on another host says so", async () => {
  await using hosts = await swarm();
  await (await hosts.runnerOn("a")).deploy(1);
  const { store } = await hosts.runnerOn("b");
  await expect(ownSource(store, "echo", versionRecord(1))).rejects.toThrow(
    "The source of agent echo, version 1, is not on this host, which took the agent over from another one. Deploy it again.",
  );
});
