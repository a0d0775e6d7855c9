import type { RunnerOptions } from "../connect.ts";
import type { Output } from "./output.ts";

/** The command that a person wants next. It goes to the same runner. */
export function showNext(err: Output, { url }: RunnerOptions, command: string): void {
  const same = url === undefined ? "" : ` --url ${url}`;
  err.line(`${err.paint("dim", "Next:")} oken-runner ${command}${same}`);
}
