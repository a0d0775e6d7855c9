import { RunnerError } from "../../lib/errors.ts";
import type { DockerExec } from "../exec.ts";
import { type Firewall, type RunCommand, createIptables, createNftables } from "./firewall.ts";
import type { Command } from "./iptables.ts";

/** Prints which firewall the engine writes its own rules in; engines before 29 do not say. */
const BACKEND_ARGS = ["info", "--format", "{{.FirewallBackend.Driver}}"];

/** Runs commands of the firewall on this host, or from `image` in the network of the engine's host. */
export function createRunCommand(exec: DockerExec, image: string | undefined): RunCommand {
  if (image === undefined)
    return ({ program, args, input }) => exec.run(args, { tool: program, ...given(input) });
  return ({ input, ...command }) => exec.run(helperArgs(image, command), given(input));
}

/** The firewall in which the engine has its own rules: rules of ours elsewhere could come too late. */
export function createFirewall(exec: DockerExec, run: RunCommand): Firewall {
  let chosen: Promise<Firewall> | undefined;
  const choose = async () => {
    const driver = await exec.run(BACKEND_ARGS).catch(whereUnknown);
    return driver.trim() === "nftables" ? createNftables(run) : createIptables(run);
  };
  const firewall = async () => {
    chosen ??= choose();
    // The engine may be away: the next call asks again.
    chosen.catch(() => (chosen = undefined));
    return chosen;
  };
  return {
    hold: async (plans) => (await firewall()).hold(plans),
    lacks: async (plan) => (await firewall()).lacks(plan),
    tags: async () => (await firewall()).tags(),
    remove: async (tags) => (await firewall()).remove(tags),
  };
}

/** A container that changes the firewall and the routes of the engine's host, for a runner that may not itself. */
function helperArgs(image: string, { program, args }: Omit<Command, "input">): string[] {
  return [
    "run",
    "--rm",
    "--interactive",
    ...["--network", "host"],
    ...["--cap-drop", "ALL"],
    ...["--cap-add", "NET_ADMIN"],
    ...["--cap-add", "NET_RAW"],
    ...["--security-opt", "no-new-privileges"],
    ...["--user", "0:0"],
    ...["--log-driver", "none"],
    ...["--entrypoint", program],
    "--",
    image,
    ...args,
  ];
}

function given(input: string | undefined) {
  return input === undefined ? {} : { input };
}

/** A docker CLI that knows no such field fails; so does one whose engine is away. */
function whereUnknown(error: unknown): string {
  if (error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE") throw error;
  return "";
}
