import { expect, test } from "bun:test";

import { HOST_CAN, SWARM_CAN } from "../../../src/docker/abilities.ts";
import { lacksOf } from "../../../src/agents/deploy/lacks.ts";
import { readManifest } from "../../../src/manifest/manifest.ts";
import { MANIFEST_DEFAULTS } from "../../helpers/manifest.ts";
import { temporaryTree } from "../../helpers/tree.ts";

const read = async (keys: string, lacks = lacksOf(SWARM_CAN)) => {
  await using tree = await temporaryTree({ "oken.toml": `name = "a"\n${keys}`, "main.py": "" });
  return await readManifest(tree.path, { ...MANIFEST_DEFAULTS, lacks });
};

test.each([
  [
    '[[volumes]]\npath = "/data"',
    'volumes = ["/data"] is not allowed; the agents of this runner run in a swarm',
  ],
  ['egress = "none"', 'oken.toml line 2: egress = "none" is not allowed; the agents of this runner run in a'],
  ['egress = ["api.example.com"]', 'egress = ["api.example.com"] is not allowed'],
])("where agents run in a swarm, %p is refused with the reason", async (keys, words) => {
  const refused = read(keys);
  await expect(refused).rejects.toMatchObject({ code: "CONFIG_ERROR" });
  await expect(refused).rejects.toThrow(words);
});

test("a pause that a swarm has not is ignored with a warning, and what all have is as on one host", async () => {
  const { manifest, warnings } = await read('pause_after = 5\negress = "internet"');
  expect(manifest.pauseAfter).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining("pause_after = 5 is ignored, since the agents of this")]);
  expect(await read("")).toMatchObject({ warnings: [] });
});

test("an agent may choose its nodes in a swarm, and is told where there is one host alone", async () => {
  const { manifest } = await read('[placement]\nlabels = { gpu = "yes" }');
  expect(manifest.placement).toEqual({ labels: { gpu: "yes" } });
  const refused = read('[placement]\nlabels = { gpu = "yes" }', lacksOf(HOST_CAN));
  await expect(refused).rejects.toThrow("the agents of this runner run on its own host alone");
});

test("one host lacks nothing else", async () => {
  const { manifest } = await read('pause_after = 5\n[[volumes]]\npath = "/data"', lacksOf(HOST_CAN));
  expect(manifest).toMatchObject({ pauseAfter: 5, volumes: [{ path: "/data" }] });
});
