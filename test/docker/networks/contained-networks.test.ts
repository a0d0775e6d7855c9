import { describe, expect, test } from "bun:test";

import { createContainedNetworks } from "../../../src/docker/networks/contained-networks.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

const SETTINGS = { allowUncontained: false, firewallImage: undefined, resolvers: [] };

const facts = (name: string) => ({
  name,
  bridge: "lo",
  hasIPv6: false,
  subnets: [],
  gateways: [],
  flaw: undefined,
});

/** A runner's networks, on an engine where no agent is in any of its own. */
function networks(options: { own?: string[]; busy?: string; refused?: string } = {}) {
  const own = new Set(options.own);
  const made: string[] = [];
  const commands: string[][] = [];
  const run = async (argv: string[]) => {
    commands.push(argv);
    if (argv[0] === "network" && argv[1] === "ls")
      return [...own].map((name) => `${name} {"mode":"none","allow":[]}\n`).join("");
    if (argv[0] === "ps") return argv.includes(`network=${options.busy}`) ? "id\n" : "";
    if (argv[0] === "network" && argv[1] === "rm") own.delete(argv.at(-1) ?? "");
    return "";
  };
  const contained = createContainedNetworks(
    {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `run` is used
      exec: { run } as unknown as DockerExec,
      run: () => Promise.resolve(""),
      firewall: {
        hold: async () => [],
        lacks: async () => undefined,
        tags: () => Promise.resolve([]),
        remove: () => Promise.resolve(),
      },
      networks: {
        find: async (name) => facts(name),
        async ensure({ name, policy }) {
          if (policy !== undefined && options.refused !== undefined)
            throw new RunnerError("CONTAINER_ERROR", options.refused);
          made.push(name);
          return facts(name);
        },
      },
      canaries: { reached: () => Promise.resolve(undefined) },
      clock: createFakeClock(),
    },
    SETTINGS,
    { network: "agents", runnerId: "r1" },
  );
  return { ...contained, made, commands, own };
}

const allowing = (port: number) => ({
  image: "i",
  egress: { mode: "internet" as const, hosts: [], allow: [`10.0.0.5:${port}`] },
});
const NONE = { mode: "none" as const, hosts: [], allow: [] };

test("where an agent would be put is known without making its network", async () => {
  const runner = networks();
  expect(runner.placeOf(NONE)).toMatchObject({
    network: expect.stringMatching(/^agents-[0-9a-f]{8}$/),
    dns: ["192.0.2.1"],
  });
  await runner.contain();
  expect(runner.made).toEqual(["agents"]);
});

describe("a network of an earlier run", () => {
  const name = networks().placeOf(NONE).network;

  test("is removed if no agent is in it", async () => {
    const runner = networks({ own: [name] });
    await Promise.all([runner.contain(), runner.contain()]);
    expect({ own: [...runner.own], made: runner.made }).toEqual({ own: [], made: ["agents"] });
  });

  test("is looked after if one is", async () => {
    const runner = networks({ own: [name], busy: name });
    await runner.contain();
    expect({ own: [...runner.own], made: runner.made.toSorted() }).toEqual({
      own: [name],
      made: ["agents", name].toSorted(),
    });
  });
});

test("a network that cannot be made fails the agents that need it, and says nothing of the host", async () => {
  const runner = networks({ refused: "no addresses are left" });
  await expect(runner.admit({ image: "i", egress: NONE })).rejects.toThrow("no addresses are left");
  expect(await runner.contain()).toEqual({ state: "contained" });
  expect(await runner.containment()).toEqual({ state: "contained" });
  await runner.admit({ image: "i" });
});

test("nobody uses up the networks of the engine", async () => {
  const runner = networks();
  await runner.admit({ image: "i" });
  for (let port = 1; port <= 15; port += 1) await runner.admit(allowing(port));
  await expect(runner.admit(allowing(16))).rejects.toThrow("There are 16 networks already");
  await runner.admit(allowing(15));
});
