import { expect, test } from "bun:test";

import { agentListArgs, claimArgs, claimListArgs } from "../../src/docker/claims.ts";

test("a claim is a volume whose name holds its runner and generation", () => {
  expect(claimArgs({ runnerId: "r", generation: 7, holder: "{}" })).toEqual([
    ...["volume", "create"],
    ...["--label", "oken.runner=r"],
    ...["--label", "oken.claim={}"],
    ...["--", "oken-runner-r-7"],
  ]);
});

test("claims and agents are found by their labels", () => {
  expect(claimListArgs()).toEqual([
    ...["volume", "ls"],
    ...["--filter", "label=oken.claim"],
    ...["--format", '{{.Label "oken.runner"}}\t{{.Name}}\t{{.Label "oken.claim"}}'],
  ]);
  expect(agentListArgs()).toEqual([
    ...["ps", "--all"],
    ...["--filter", "label=oken.managed=true"],
    ...["--filter", "label=oken.agent"],
    ...["--format", '{{.Label "oken.runner"}}\t{{.Label "oken.agent"}}'],
  ]);
});
