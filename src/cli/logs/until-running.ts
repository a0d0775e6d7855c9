import type { Client } from "../../client/client.ts";
import { agentPath } from "../../client/paths.ts";
import type { AgentDetail } from "../../model/api-agents.ts";
import type { Context } from "../context.ts";

const POLL_MS = 300;

/** Waits until the agent has a container again. False for one that nobody's call will start. */
export async function untilRunning({ err }: Context, client: Client, agent: string): Promise<boolean> {
  for (let told = false; ;) {
    await Bun.sleep(POLL_MS);
    const { status } = await client.json<AgentDetail>(agentPath(agent));
    if (status === "running" || status === "starting" || status === "paused") return true;
    if (status === "stopped" || status === "error") {
      err.line(
        err.paint(
          "dim",
          `${agent} is ${status === "error" ? "not well" : "stopped"}. See oken-runner show ${agent}`,
        ),
      );
      return false;
    }
    if (!told) err.line(err.paint("dim", `${agent} sleeps. More comes with its next call; end with Ctrl-C.`));
    told = true;
  }
}
