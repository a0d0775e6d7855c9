import { Argument } from "@commander-js/extra-typings";

import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export function completion() {
  return newCommand("completion", {
    group: "self",
    summary: "print a script that completes command lines",
    examples: [
      ["completion bash > ~/.local/share/bash-completion/completions/oken-runner", "bash, for good"],
      ["completion zsh > ~/.zfunc/_oken-runner", "zsh, with ~/.zfunc in fpath"],
      ["completion fish > ~/.config/fish/completions/oken-runner.fish", "fish"],
    ],
  })
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action(async (shell) => {
      const { script } = await import("@bomb.sh/tab");
      script(shell, "oken-runner", "oken-runner");
    });
}

/** What those scripts call: the words of a line so far, the last one unfinished. */
export function complete(context: Context) {
  return newCommand("complete", {
    group: "self",
    summary: "print what may come next on a command line",
    examples: [["complete -- logs ''", "agents, for a shell's script"]],
  })
    .argument("[words...]", "the words so far")
    .action(async (words, _, command) => {
      const { printCompletions } = await import("../complete.ts");
      if (command.parent !== null) await printCompletions(context, command.parent, words);
    });
}
