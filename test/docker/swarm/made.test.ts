import { expect, test } from "bun:test";

import { commandError } from "../../../src/docker/errors.ts";
import { listMadeInSwarm, removeMadeInSwarm } from "../../../src/docker/swarm/made.ts";

test("what a runner has in a swarm is found by its labels, jobs that a crash left among it", async () => {
  const found: Record<string, string> = {
    "service oken.runner=r": "oken-1\noken-runner-r-3\n",
    "secret oken.runner=r": "oken-1-0\n",
    "config oken.runner=r": "oken-key-r\n",
    "service oken.probe=r": "oken-probe-1\n",
  };
  const run = async ([kind, ls, filter, label, ...format]: string[]) => {
    expect([ls, filter, ...format]).toEqual(["ls", "--filter", "--format", "{{.Name}}"]);
    return found[`${kind} ${label?.replace("label=", "")}`] ?? "";
  };
  expect(await listMadeInSwarm({ run }, "r")).toEqual({
    service: ["oken-1", "oken-runner-r-3", "oken-probe-1"],
    secret: ["oken-1-0"],
    config: ["oken-key-r"],
  });
});

test("it goes in an order in which nothing is in use, and what has gone is no error", async () => {
  const ran: string[][] = [];
  const run = async (args: string[]) => {
    ran.push(args);
    if (args[0] !== "secret") return "";
    const stderr = "Error response from daemon: secret a-0 not found";
    throw commandError(args, { exitCode: 1, code: undefined, stderr, message: undefined });
  };
  await removeMadeInSwarm({ run }, { service: ["a", "b"], secret: ["a-0"], config: [] });
  expect(ran).toEqual([
    ["service", "rm", "--", "a", "b"],
    ["secret", "rm", "--", "a-0"],
  ]);
});
