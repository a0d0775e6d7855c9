import { took } from "../output/amounts.ts";
import { createLiveArea } from "../output/live.ts";
import type { Output } from "../output/output.ts";
import { plainLine } from "../output/safe-line.ts";
import type { DeployView } from "./view.ts";

/** What is under way, by the phase that the runner says it has come to; and how it is said afterwards. */
const STAGES: Record<string, readonly [now: string, done: string]> = {
  sending: ["Sending", "Sent"],
  received: ["Reading", "Read"],
  building: ["Building", "Built"],
  starting: ["Starting", "Started"],
};

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 80;
/** Lines of the build that a terminal shows. */
const SHOWN_LOG = 5;

/** A line for what is under way and the last of its log, and one that stays for each thing done. */
export function liveView(err: Output, { buildLog }: { buildLog: boolean }): DeployView {
  const area = createLiveArea(err);
  let stage = "sending";
  let since = performance.now();
  let frame = 0;
  let part = 0;
  let log: string[] = [];

  const draw = () => {
    const spinner = err.paint("cyan", SPINNER[frame % SPINNER.length] ?? "");
    const amount = stage === "sending" && part > 0 ? ` ${Math.floor(part * 100)} %` : "";
    const time = err.paint("dim", took(performance.now() - since));
    area.show([
      `${spinner} ${STAGES[stage]?.[0]}${amount}  ${time}`,
      ...log.map((line) => err.paint("dim", `  ${line}`)),
    ]);
  };
  const logged = (line: string) => {
    log = [...log, plainLine(line)].slice(-SHOWN_LOG);
  };
  const enter = (next: string) => {
    const done = STAGES[stage]?.[1] ?? stage;
    area.keep(
      `${err.paint("green", "✓")} ${done.padEnd(8)} ${err.paint("dim", took(performance.now() - since))}`,
    );
    [stage, since, log] = [next, performance.now(), []];
  };
  const timer = setInterval(() => {
    frame++;
    draw();
  }, FRAME_MS);
  draw();

  return {
    news(news) {
      if (news.type === "phase" && (news.phase in STAGES || news.phase === "ready")) enter(news.phase);
      else if (news.type === "warning") area.keep(`${err.paint("yellow", "!")} ${plainLine(news.message)}`);
      else if (buildLog && news.type === "log") logged(news.line);
      else if (buildLog && news.type === "step" && news.status === "started") logged(news.name);
      if (stage !== "ready") draw();
    },
    sent(value) {
      part = value;
    },
    end() {
      clearInterval(timer);
      area.clear();
    },
  };
}
