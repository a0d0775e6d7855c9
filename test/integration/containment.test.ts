import { describe, expect, test } from "bun:test";

import { loadConfig } from "../../src/config/load.ts";
import { createHostEngine } from "../../src/docker/host-engine.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { tagOf } from "../../src/docker/firewall/rules.ts";
import { docker } from "../helpers/docker.ts";
import { sweepFirewall } from "../helpers/firewall.ts";
import { canMakeNetworks } from "../helpers/outside.ts";

const exec = createDockerExec({ environment: process.env });
const iptables = (...args: string[]) => exec.run(["-w", "10", ...args], { tool: "iptables" });

describe.if(canMakeNetworks)("the rules of a network of this engine", () => {
  test("are put in anew when somebody removes them, and go when the network has gone", async () => {
    const network = `oken-test-${Bun.randomUUIDv7().slice(-12)}`;
    const { containerRuntime: runtime } = loadConfig(process.env, {});
    const engine = createHostEngine(exec, {
      network,
      runtime,
      cgroupParent: undefined,
      seccomp: undefined,
      runnerId: network,
    });
    const tag = tagOf(network);
    try {
      expect(await engine.contain()).toEqual({ state: "contained" });
      expect(await engine.contain()).toEqual({ state: "contained" });
      await iptables("-D", "INPUT", "-i", tag, "-j", `${tag}-in`);
      expect(await engine.contain()).toEqual({ state: "contained", mended: true });
      expect(await iptables("-S", "INPUT")).toContain(`-i ${tag} -j ${tag}-in`);
    } finally {
      await docker(["network", "rm", network]);
      await sweepFirewall();
    }
    expect(await iptables("-S")).not.toContain(tag);
  });
});
