import { describe, expect, test } from "bun:test";

import { createBuildContainment } from "../../src/docker/networks/build-containment.ts";
import type { DockerExec } from "../../src/docker/exec.ts";
import { canMakeNetworks } from "../helpers/outside.ts";
import { firewalledHost } from "../helpers/firewalled-host.ts";

/** A runner on a host whose engine builds on `docker0`. */
function runnerOn({ run }: Awaited<ReturnType<typeof firewalledHost>>, runnerId: string, sources?: string[]) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `run` is used, for the bridge's name
  const exec = { run: () => Promise.resolve("docker0\n") } as unknown as DockerExec;
  return createBuildContainment({ exec, run, runnerId, sources, resolvers: ["10.0.0.53"] });
}

/** The rules that packets from docker0 meet, in their order. */
async function metBy({ iptables }: Awaited<ReturnType<typeof firewalledHost>>): Promise<string[]> {
  const listing = await iptables("-S", "DOCKER-USER");
  return [...listing.matchAll(/-i docker0 -j (\S+)/g)].flatMap(([, chain]) => chain ?? []);
}

describe.if(canMakeNetworks)("builds of several runners on one bridge", () => {
  test("meet the exceptions of all before what is refused, whoever comes and goes", async () => {
    await using host = await firewalledHost();
    const [one, two] = [
      runnerOn(host, "one", ["https://10.0.0.7/simple"]),
      runnerOn(host, "two", ["http://user:secret@10.0.0.8:3128"]),
    ];
    await one.admit();
    await two.admit();
    await one.look();
    const both = await metBy(host);
    expect(both).toHaveLength(3);
    expect(both.at(-1)).toBe("oken-builds-fw");
    const rules = await host.iptables("-S");
    for (const place of ["10.0.0.7/32 -p tcp -m tcp --dport 443", "10.0.0.8/32 -p tcp -m tcp --dport 3128"])
      expect(rules).toContain(`-d ${place} -j ACCEPT`);

    await runnerOn(host, "one").look();
    expect(await metBy(host)).toHaveLength(2);
    await runnerOn(host, "two").look();
    expect(await host.iptables("-S")).not.toContain("oken-builds");
  });

  test("do not start while their rules cannot be put in, and start again when they can", async () => {
    await using host = await firewalledHost();
    const runner = runnerOn(host, "one", ["https://10.0.0.7/simple"]);
    await runner.admit();
    await host.iptables("-I", "DOCKER-USER", "1", "-j", "ACCEPT");
    await runner.look();
    expect((await host.iptables("-S", "DOCKER-USER")).split("\n")[1]).toContain("-i docker0 -j oken-builds-");
    await runner.admit();
  });

  test("are left as they are unless the operator chose otherwise", async () => {
    await using host = await firewalledHost();
    const before = await host.iptables("-S");
    const runner = runnerOn(host, "one");
    await runner.admit();
    await runner.look();
    expect(await host.iptables("-S")).toBe(before);
  });
});
