import { Argument } from "@commander-js/extra-typings";

import type { AgentList } from "../../model/api-agents.ts";
import { newCommand } from "../command.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";

/** Whoever presses Tab does not wait longer for a runner's agents, milliseconds. */
const PATIENCE_MS = 400;

export function completion({ out }: Context) {
  return newCommand("completion", {
    group: "self",
    summary: "print a script that completes command lines",
    description: "Prints a script for a shell that completes commands, options and the ids of agents.",
    examples: [
      ["completion bash > ~/.local/share/bash-completion/completions/oken-runner", "bash, for good"],
      ["completion zsh > ~/.zfunc/_oken-runner", "zsh, with ~/.zfunc in fpath"],
      ["completion fish > ~/.config/fish/completions/oken-runner.fish", "fish"],
    ],
  })
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action((shell) => out.write(SCRIPTS[shell]));
}

/** What those scripts call: the words of a line so far, the last one unfinished. */
export function complete(context: Context) {
  return newCommand("complete", {
    group: "self",
    summary: "print what may come next on a command line",
    examples: [["complete -- logs ''", "agents, for a shell's script"]],
  })
    .argument("[words...]", "the words so far")
    .action(async (words, _, { parent }) => {
      const { candidates } = await import("../completion/candidates.ts");
      if (parent === null) return;
      const found = await candidates(parent, words, (name) =>
        name === "agent" ? agentIds(context) : none(),
      );
      for (const { value, meaning } of found) context.out.line(`${value}\t${meaning}`);
    });
}

function none(): Promise<string[]> {
  return Promise.resolve([]);
}

/** None where no runner answers. */
async function agentIds(context: Context): Promise<string[]> {
  try {
    const client = await connect(context, {});
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { agents } = await client.json<AgentList>("/agents", { signal });
    return agents.map(({ agent_id }) => agent_id);
  } catch {
    return [];
  }
}
