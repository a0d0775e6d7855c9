import { VERSION } from "../../lib/version.ts";
import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";

export function version({ out }: Context) {
  return newCommand("version", {
    group: "self",
    summary: "print the version",
    examples: [["version --json", "for a program"]],
  })
    .option("--json", "print JSON for programs")
    .action(({ json }) => out.line(json ? JSON.stringify({ version: VERSION }) : `oken-runner ${VERSION}`));
}
