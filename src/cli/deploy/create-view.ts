import { took } from "../output/amounts.ts";
import type { Output } from "../output/output.ts";
import { plainLine } from "../output/safe-line.ts";
import type { DeployView } from "./view.ts";

export type ViewOptions = { err: Output; buildLog: boolean };

export async function createDeployView({ err, buildLog }: ViewOptions): Promise<DeployView> {
  if (!err.isTerminal) return plainView(err, { buildLog });
  const { liveView } = await import("./live-view.ts");
  return liveView(err, { buildLog });
}

/** A line for each thing, as logs of CI want it. */
function plainView({ line }: Output, { buildLog }: { buildLog: boolean }): DeployView {
  return {
    news(news) {
      if (news.type === "phase") line(news.phase);
      else if (news.type === "warning") line(`warning: ${plainLine(news.message)}`);
      else if (buildLog && news.type === "log") line(`| ${plainLine(news.line)}`);
      else if (buildLog && news.type === "step" && news.status !== "started") {
        line(`| ${plainLine(news.name)} ${news.status}${news.ms === undefined ? "" : ` ${took(news.ms)}`}`);
      }
    },
    sent: () => undefined,
    end: () => undefined,
  };
}
