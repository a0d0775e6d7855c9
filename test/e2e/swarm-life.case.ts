import { expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { AgentDetail } from "../../src/model/api-agents.ts";
import { BINARY } from "../helpers/binary.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Lab, startLabRunner } from "../helpers/lab-runner.ts";

/** Most time for all of it, milliseconds. It takes a fifth of that. */
const TEST_MS = 200_000;

/** From the loss of a runner and its disk until another one has deployed, milliseconds. It takes a third of that. */
const TAKEOVER_MS = 20_000;

/** Prints what it answers. */
const saying = (text: string, keys = "") => ({
  "oken.toml": `name = "kept"\n${keys}`,
  "main.py": `def handler(input):\n    print("said ${text}", flush=True)\n    return "${text}"\n`,
});

const AGENTS_SERVICES = ["service", "ls", "--quiet", "--filter", "label=oken.agent"];

export function lifeCase(labOf: () => Lab): void {
  const said =
    "an agent is deployed, redeployed under calls with replicas, rolled back, adopted, put to sleep and woken as on one host, outlives its runner's disk, and goes with it";
  test(
    said,
    async () => {
      const lab = labOf();
      const key = join(lab.directory, "key");
      await writeFile(key, Buffer.alloc(32, 7).toString("hex"), { mode: 0o600 });
      const settings = { OKEN_CLEANUP_INTERVAL: "0.2", OKEN_SECRETS_KEY_FILE: key };
      await using started = await startLabRunner(lab, settings);
      const { client, runner } = started;
      const output = async (): Promise<unknown> => (await client.invoke("kept")).body;
      const detail = async () => (await client.request("GET", "/agents/kept")).body;
      const logs = async () => (await client.request("GET", "/logs/kept?tail=100")).body;

      expect((await client.deploy("kept", saying("one"), { KEY: "a b" })).body).toMatchObject({
        status: "running",
      });
      expect(await output()).toEqual({ output: "one" });
      expect(await detail()).toMatchObject({ instances: [{ node: expect.stringMatching(/^n\d$/) }] });
      expect(await logs()).toEqual({ logs: expect.stringContaining("said one") });

      const ended = new AbortController();
      const answers: unknown[] = [];
      const caller = async () => {
        while (!ended.signal.aborted) answers.push(await output());
      };
      const callers = [caller(), caller()];
      expect((await client.deploy("kept", saying("two", "replicas = 2\n"))).body).toMatchObject({
        version: 2,
      });
      await eventually(() => expect(answers.at(-1)).toEqual({ output: "two" }));
      ended.abort();
      await Promise.all(callers);
      expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
        new Set(['{"output":"one"}', '{"output":"two"}']),
      );

      const replicas = { instances: [{ replica: 1 }, { replica: 2 }] };
      await eventually(async () => expect(await detail()).toMatchObject(replicas));
      const { instances } = (await client.request<AgentDetail>("GET", "/agents/kept")).body;
      expect(new Set(instances.map(({ node }) => node)).size).toBe(2);

      expect((await client.request("POST", "/rollback/kept")).status).toBe(200);
      expect(await output()).toEqual({ output: "one" });
      const tasks = async () => {
        const services = (await lab.on("n1", AGENTS_SERVICES)).trim().split("\n");
        // That of the other version goes when its calls have ended.
        expect(services).toHaveLength(1);
        return lab.on("n1", ["service", "ps", "--quiet", "--filter", "desired-state=running", ...services]);
      };
      const before = await eventually(tasks);
      await runner.kill("SIGKILL");
      await runner.restart();
      expect(await output()).toEqual({ output: "one" });
      expect(await tasks()).toBe(before);

      await client.deploy("kept", saying("three", "warm_timeout = 1\n"));
      expect(await output()).toEqual({ output: "three" });
      await eventually(async () => expect(await detail()).toMatchObject({ status: "idle" }));
      expect(await logs()).toEqual({ logs: expect.stringContaining("said three") });
      expect(await output()).toEqual({ output: "three" });

      const refused = await client.deploy("kept", saying("four", 'egress = "none"\n'));
      expect(refused).toMatchObject({ status: 400, body: { code: "CONFIG_ERROR" } });

      await client.deploy("kept", saying("five"), { KEY: "a b" });
      await runner.kill("SIGKILL");
      await rm(runner.dataDir, { recursive: true });
      const lostAt = performance.now();
      await using elsewhere = await startLabRunner(lab, settings);
      const { client: next } = elsewhere;
      expect(await next.invoke("kept")).toMatchObject({ body: { output: "five" } });
      expect(await next.request("GET", "/agents/kept/secrets")).toMatchObject({ body: { secrets: ["KEY"] } });
      expect((await next.deploy("kept", saying("six"))).status).toBe(200);
      expect(performance.now() - lostAt).toBeLessThan(TAKEOVER_MS);
      expect(await next.invoke("kept")).toMatchObject({ body: { output: "six" } });
      expect((await next.request("POST", "/rollback/kept")).status).toBe(200);
      expect(await next.invoke("kept")).toMatchObject({ body: { output: "five" } });
      expect((await next.request("DELETE", "/agents/kept")).status).toBe(204);
      for (const left of [AGENTS_SERVICES, ["secret", "ls", "--quiet"]])
        await eventually(async () => expect(await lab.on("n1", left)).toBe(""));

      expect((await next.deploy("left", saying("seven"), { KEY: "a b" })).status).toBe(200);
      await elsewhere.runner.kill("SIGTERM");
      const swarm = ["env", "OKEN_BACKEND=swarm", `OKEN_REGISTRY=${lab.registry}/agents`];
      const place = ["--data-dir", elsewhere.runner.dataDir, "--root", lab.directory];
      const removed = await lab.run(...swarm, BINARY, "uninstall", ...place, "--yes");
      expect(removed).toContain(`registry   ${lab.registry}/agents/`);
      for (const kind of ["service", "secret", "config"])
        expect(await lab.on("n1", [kind, "ls", "--quiet"])).toBe("");
    },
    TEST_MS,
  );
}
