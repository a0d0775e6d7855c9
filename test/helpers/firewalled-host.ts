import { createDockerExec } from "../../src/docker/exec.ts";
import type { RunCommand } from "../../src/docker/firewall/firewall.ts";

const exec = createDockerExec({ environment: process.env });

/** A host's network of its own, with the chains that Docker makes. */
export async function firewalledHost() {
  const name = `oken-test-${Bun.randomUUIDv7().slice(-12)}`;
  await exec.run(["netns", "add", name], { tool: "ip" });
  const run: RunCommand = ({ program, args, input }) =>
    exec.run(["netns", "exec", name, program, ...args], {
      tool: "ip",
      ...(input === undefined ? {} : { input }),
    });
  const iptables = (...args: string[]) => run({ program: "iptables", args: ["-w", "5", ...args] });
  await iptables("-N", "DOCKER-USER");
  await iptables("-A", "DOCKER-USER", "-j", "RETURN");
  await iptables("-A", "FORWARD", "-j", "DOCKER-USER");
  await iptables("-A", "INPUT", "-i", "lo", "-j", "ACCEPT");
  return {
    run,
    iptables,
    async [Symbol.asyncDispose]() {
      await exec.run(["netns", "del", name], { tool: "ip" });
    },
  };
}
