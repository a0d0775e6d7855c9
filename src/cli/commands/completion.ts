import { Argument } from "@commander-js/extra-typings";

import type { AgentList } from "../../model/api-agents.ts";
import type { NodeList } from "../../model/api-nodes.ts";
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
    description:
      "Prints a script for a shell that completes commands, options, the ids of agents and the names of nodes.",
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
      const found = await candidates(parent, words, (name) => {
        if (name === "agent") return agentIds(context);
        return name === "node" ? nodeNames(context) : none();
      });
      for (const { value, meaning } of found) context.out.line(`${value}\t${meaning}`);
    });
}

function none(): Promise<string[]> {
  return Promise.resolve([]);
}

async function agentIds(context: Context): Promise<string[]> {
  const answer = await ask<AgentList>(context, "/agents");
  return (answer?.agents ?? []).map(({ agent_id }) => agent_id);
}

async function nodeNames(context: Context): Promise<string[]> {
  const answer = await ask<NodeList>(context, "/nodes");
  return (answer?.nodes ?? []).map(({ name }) => name);
}

/** Undefined where no runner answers. */
async function ask<T>(context: Context, path: string): Promise<T | undefined> {
  try {
    const client = await connect(context, {});
    return await client.json<T>(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    return undefined;
  }
}
