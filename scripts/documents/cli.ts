import { PassThrough } from "node:stream";

import type { Context } from "../../src/cli/context.ts";
import { createOutput } from "../../src/cli/output/output.ts";
import { createProgram } from "../../src/cli/program.ts";
import { fenced } from "./markdown.ts";

type Program = Awaited<ReturnType<typeof createProgram>>;

/** Columns of the help in the document. */
const COLUMNS = 100;

const program = await createProgram(helpContext());

/** The help of every command, as the program prints it. The flags of `serve` and `doctor` are in docs/operating.md. */
export function cliBlock(): string {
  return sections(program, []).join("\n\n");
}

function sections(command: Program, above: readonly string[]): string[] {
  const path = [...above, command.name()];
  const own = ["serve", "doctor"].includes(command.name()) ? [] : [section(command, path)];
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((it) => it.name() !== "help");
  return [...own, ...below.flatMap((it) => sections(it, path))];
}

function section(command: Program, path: readonly string[]): string {
  let text = "";
  command.configureOutput({ writeOut: (piece) => void (text += piece) });
  command.outputHelp();
  return [`## ${path.join(" ")}`, fenced("text", text.trimEnd())].join("\n\n");
}

/** Nothing of it is used for help but the width. */
function helpContext(): Context {
  const output = createOutput(Object.assign(new PassThrough(), { columns: COLUMNS }), {});
  return {
    environment: {},
    directory: "/",
    out: output,
    err: output,
    input: { isTerminal: false, text: unused, secret: unused, confirm: unused },
    program: "oken-runner",
    host: { serve: unused, diagnose: unused, diagnoseNode: unused, findMade: unused },
    onInterrupt: () => ({ [Symbol.dispose]: () => undefined }),
  };
}

function unused(): Promise<never> {
  return Promise.reject(new Error("there is nobody to ask"));
}
