import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { table } from "../output/table.ts";

export function hosts({ environment, out, err }: Context) {
  return newCommand("hosts", {
    group: "self",
    summary: "list the runners that login keeps",
    examples: [["hosts", "their names and addresses; the one with * is used when nothing else is said"]],
  })
    .option("--json", "print JSON for programs, without the tokens")
    .action(async ({ json }) => {
      const { readHosts } = await import("../hosts/file.ts");
      const known = await readHosts(environment);
      const entries = Object.entries(known.hosts).map(([name, { url, token }]) => ({
        name,
        url,
        default: name === known.default,
        has_token: token !== undefined,
      }));
      if (json) return out.line(JSON.stringify({ hosts: entries }));
      if (entries.length === 0) return err.line("None. Keep one with: oken-runner login https://host:8000");
      const rows = entries.map((it) => [
        `${it.name}${it.default ? " *" : ""}`,
        it.url,
        it.has_token ? "yes" : "no",
      ]);
      out.write(table(out, ["NAME", "ADDRESS", "TOKEN"], rows));
    });
}
