import { expect, test } from "bun:test";

import { tagOf } from "../../../src/docker/firewall/rules.ts";
import { sweep } from "../../../src/docker/firewall/sweep.ts";

const GUARDED = "unreachable 172.20.0.0/16 proto 197\nunreachable 172.21.0.0/16 proto 197\n";

/** Sweeps where there are rules of these networks, and the engine lists `networks`. */
async function sweptWhere(options: { rulesOf: string[]; networks: string; bridges?: string[] }) {
  const { rulesOf, networks, bridges = [] } = options;
  const removed: string[] = [];
  const routes: string[] = [];
  await sweep({
    exec: { run: async ([, verb]) => (verb === "ls" ? networks : "172.20.0.0/16\n") },
    run: async ({ args }) => {
      if (args.includes("show")) return args.includes("-4") ? GUARDED : "";
      routes.push(args.join(" "));
      return "";
    },
    firewall: {
      tags: async () => rulesOf.map(tagOf),
      remove: async (tags) => void removed.push(...tags),
    },
    isThere: (name) => bridges.map(tagOf).includes(name),
  });
  return { removed, routes };
}

test("rules and routes of networks that are gone are removed, and no others", async () => {
  const { removed, routes } = await sweptWhere({
    rulesOf: ["agents", "gone"],
    networks: "bridge\nhost\nnone\nagents\n",
  });
  expect(removed).toEqual([tagOf("gone")]);
  expect(routes).toEqual([expect.stringContaining("route del unreachable 172.21.0.0/16 ")]);
});

test.each([[""], ["<html>Welcome to nginx!</html>\n"]])(
  "nothing is removed on the word of an engine that prints %j",
  async (networks) => {
    const swept = await sweptWhere({ rulesOf: ["agents"], networks });
    expect(swept).toEqual({ removed: [], routes: [] });
  },
);

test("rules stay while their bridge is there, whichever engine it is of", async () => {
  const { removed } = await sweptWhere({
    rulesOf: ["agents", "of-another-engine", "gone"],
    networks: "bridge\nhost\nnone\nagents\n",
    bridges: ["agents", "of-another-engine"],
  });
  expect(removed).toEqual([tagOf("gone")]);
});
