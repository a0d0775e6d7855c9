import type { Finding } from "../../checks/check.ts";
import { sentenceOf } from "../../checks/check.ts";
import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { Failure, usageFailure } from "../failure.ts";
import { addSettings, loadSettings } from "../settings.ts";

const COLORS = { ok: "green", failed: "red", unknown: "yellow" } as const;

export function doctor(context: Context) {
  const command = newCommand("doctor", {
    group: "host",
    summary: "check what the runner needs on this host",
    description:
      "Makes every check of a start and of /health, and says what to do about each that fails. It takes every flag of serve, and changes nothing; a runner may be running.",
    examples: [
      ["doctor", "with the variables of this shell"],
      ["doctor --config /etc/oken-runner/config.toml", "as the service runs"],
      ["doctor runner", "whether the runner is well, as a probe"],
      ["doctor --node", "whether this host is fit for agents, as a node of a swarm"],
      ["doctor --node --mend", "have its firewall contain them, at each start of the host"],
      ["doctor --json", "for a program"],
    ],
  })
    .argument("[checks...]", "only these checks; what they cannot find out counts as a failure")
    .option("--node", "check this host as a node of a swarm, which needs no runner")
    .option("--mend", "with --node: put in what its firewall lacks; a restart of the host takes it out")
    .option("--json", "print JSON for programs");
  return addSettings(command, ["OKEN_DATA_DIR"]).action(
    async (checks: string[], options: Record<string, unknown>) => {
      const load = () => loadSettings(context, options);
      const mend = options["mend"] === true;
      const isNode = options["node"] === true;
      if (mend && !isNode) throw usageFailure("--mend is for a node.", "Say --node too.");
      const findings = isNode
        ? await context.host.diagnoseNode(load, { mend, only: checks })
        : await context.host.diagnose(load, checks);
      const unknown = checks.filter((name) => findings.every((finding) => finding.name !== name));
      if (unknown.length > 0)
        throw usageFailure(
          `there is no check ${unknown.join(", ")}.`,
          "Without a name all are made, and say what they are called: oken-runner doctor",
        );
      const isBad = ({ state }: Finding) => state === "failed" || (state === "unknown" && checks.length > 0);
      const failed = findings.filter(isBad).length;
      if (options["json"] === true)
        context.out.line(JSON.stringify({ ok: failed === 0, checks: findings.map(shown) }));
      else for (const finding of findings) context.out.line(lineOf(context, finding));
      if (failed > 0) throw new Failure(`${failed} of ${findings.length} checks failed.`);
    },
  );
}

function shown(finding: Finding) {
  const { name, state, found, advice } = finding;
  return { name, state, found, ...(advice !== undefined && { advice }) };
}

function lineOf({ out }: Context, finding: Finding): string {
  const state = out.paint(COLORS[finding.state], finding.state.padEnd(7));
  return `${state}  ${finding.name.padEnd(14)}  ${sentenceOf(finding)}`;
}
