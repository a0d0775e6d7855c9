import { expect, test } from "bun:test";

import type { AgentDetail } from "../../src/model/api-agents.ts";
import type { NodeList, NodeView } from "../../src/model/api-nodes.ts";
import type { Client } from "../helpers/client.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Lab, startLabRunner } from "../helpers/lab-runner.ts";

/** Most time for all of it, milliseconds. It takes a fifth of that. */
const TEST_MS = 200_000;

/** A lost node is known after three heartbeats of a second, and a start elsewhere takes one more; on a busy machine more. */
const LOST_MS = 60_000;

/** Waits as long as it is told, and answers. */
const AGENT = {
  "oken.toml": 'name = "here"\nkeep_warm = true\n',
  "main.py": `import time\n\ndef handler(input):\n    time.sleep(input)\n    return "done"\n`,
};

/** It leaves the lab without one of its nodes. */
export function nodesCase(labOf: () => Lab): void {
  test(
    "a node is drained without a call that fails; of one that is unplugged those inside are told, and its agents start elsewhere",
    async () => {
      const lab = labOf();
      await using started = await startLabRunner(lab);
      const { client } = started;
      for (const id of ["one", "two"])
        expect((await client.deploy(id, AGENT)).body).toMatchObject({ status: "running" });

      const from = await nodeOf(client, "one");
      const ended = new AbortController();
      const answers: unknown[] = [];
      const caller = async (seconds: number) => {
        while (!ended.signal.aborted) answers.push((await client.invoke("one", seconds)).body);
      };
      const callers = [0.01, 0.5].map(caller);
      const drained = await client.request<{ node: NodeView; moved: object[] }>(
        "POST",
        `/nodes/${from}/drain`,
      );
      ended.abort();
      await Promise.all(callers);
      expect(drained).toMatchObject({
        status: 200,
        body: { node: { name: from, availability: "drain", instances: 0 } },
      });
      expect(drained.body.moved).toContainEqual({ agent_id: "one", node: await nodeOf(client, "one") });
      expect(await nodeOf(client, "one")).not.toBe(from);
      expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
        new Set(['{"output":"done"}']),
      );
      expect((await client.request("POST", `/nodes/${from}/activate`)).body).toMatchObject({
        availability: "active",
      });

      const victim = await oneElsewhere(client);
      const inside = client.invoke(victim.id, 300);
      await eventually(async () => {
        const { instances } = (await client.request<AgentDetail>("GET", `/agents/${victim.id}`)).body;
        expect(instances).toMatchObject([{ in_flight: 1 }]);
      });
      await lab.unplug(victim.node);
      expect(await inside).toMatchObject({
        status: 502,
        body: {
          error: `Agent ${victim.id} was lost with its node ${victim.node} during the invoke.`,
          details: { reason: "node_lost", node: victim.node },
        },
      });
      await eventually(async () => {
        expect((await client.invoke(victim.id, 0)).body.output).toBe("done");
        expect(await nodeOf(client, victim.id)).not.toBe(victim.node);
      }, LOST_MS);
      const { nodes } = (await client.request<NodeList>("GET", "/nodes")).body;
      expect(nodes.find(({ name }) => name === victim.node)).toMatchObject({ state: "down", instances: 0 });
    },
    TEST_MS,
  );
}

/** The node that the runner is on. */
const OWN_NODE = "n1";

/** An agent on another node than the runner. */
async function oneElsewhere(client: Client): Promise<{ id: string; node: string }> {
  const look = async () => {
    const ids = ["one", "two"];
    const places = await Promise.all(ids.map(async (id) => ({ id, node: await nodeOf(client, id) })));
    return places.find(({ node }) => node !== OWN_NODE);
  };
  const found = await look();
  if (found !== undefined) return found;
  // The managers put them where they like; from a node that is drained they go.
  for (const change of ["drain", "activate"]) await client.request("POST", `/nodes/${OWN_NODE}/${change}`);
  const moved = await look();
  if (moved === undefined) throw new Error(`both agents stayed on ${OWN_NODE}`);
  return moved;
}

async function nodeOf(client: Client, agentId: string): Promise<string> {
  const { instances } = (await client.request<AgentDetail>("GET", `/agents/${agentId}`)).body;
  return instances[0]?.node ?? "none";
}
