import { BUILD } from "../../lib/build.ts";
import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";

export function version({ out }: Context) {
  return newCommand("version", {
    group: "self",
    summary: "print the version, and what it was built from",
    examples: [["version --json", "for a program"]],
  })
    .option("--json", "print JSON for programs")
    .action(({ json }) => {
      if (json) return out.line(JSON.stringify(BUILD));
      const { version, commit, target, bun } = BUILD;
      out.line(`oken-runner ${version}\ncommit ${commit}, for ${target}, on Bun ${bun}`);
    });
}
