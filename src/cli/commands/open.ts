import { agentPath, invokePath } from "../../client/paths.ts";
import type { AgentDetail } from "../../model/api-agents.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";

export function open(context: Context) {
  return newApiCommand("open", {
    group: "author",
    summary: "open an agent's own pages, or the runner's, in a browser",
    description:
      "Opens the pages of an agent that is a web application; without an agent, or for one that is a function, the runner's own. Prints the address; only on a terminal with a desktop is a browser started.",
    examples: [
      ["open shop", "the web application shop"],
      ["open", "the runner's own page"],
    ],
  })
    .argument("[agent]", "id of the agent")
    .action(async (agent, options) => {
      const client = await connect(context, options);
      if (client.address.unix !== undefined)
        throw usageFailure("a browser cannot open a Unix socket.", "Name the runner's address with --url.");
      const url = `${client.address.url}${await pageOf(agent)}`;
      if (options.json) return context.out.line(JSON.stringify({ url }));
      context.out.line(url);
      startBrowser(context, url);

      async function pageOf(id: string | undefined): Promise<string> {
        if (id === undefined) {
          // A browser would say less of a runner that is not there.
          await client.ask("/health");
          return "/";
        }
        const { entrypoint } = await client.json<AgentDetail>(agentPath(id));
        return entrypoint.type === "http" ? `${invokePath(id)}/` : "/";
      }
    });
}

/** Whoever has no desktop copies the address. */
function startBrowser({ environment, out }: Context, url: string): void {
  const hasDesktop =
    process.platform === "darwin" || Boolean(environment["DISPLAY"] ?? environment["WAYLAND_DISPLAY"]);
  const program = Bun.which(process.platform === "darwin" ? "open" : "xdg-open");
  if (!out.isTerminal || !hasDesktop || program === null) return;
  Bun.spawn([program, url], { stdio: ["ignore", "ignore", "ignore"] }).unref();
}
