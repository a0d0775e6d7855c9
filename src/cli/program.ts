import { Command, type CommandUnknownOpts, Help, type Option } from "@commander-js/extra-typings";

import { VERSION } from "../lib/version.ts";
import { GROUPS, RUNNER_OPTIONS, inheritOptions, withRunnerOptions } from "./command.ts";
import { backup } from "./commands/backup.ts";
import { complete, completion } from "./commands/completion.ts";
import { deploy } from "./commands/deploy.ts";
import { hosts } from "./commands/hosts.ts";
import { init } from "./commands/init.ts";
import { installService } from "./commands/install-service.ts";
import { invoke } from "./commands/invoke.ts";
import { login } from "./commands/login.ts";
import { logout } from "./commands/logout.ts";
import { logs } from "./commands/logs.ts";
import { open } from "./commands/open.ts";
import { doctor } from "./commands/doctor.ts";
import { prune } from "./commands/prune.ts";
import { ps } from "./commands/ps.ts";
import { restore } from "./commands/restore.ts";
import { rm } from "./commands/rm.ts";
import { rollback } from "./commands/rollback.ts";
import { secrets } from "./commands/secrets.ts";
import { serve } from "./commands/serve.ts";
import { show } from "./commands/show.ts";
import { start } from "./commands/start.ts";
import { stop } from "./commands/stop.ts";
import { top } from "./commands/top.ts";
import { uninstall } from "./commands/uninstall.ts";
import { version } from "./commands/version.ts";
import type { Context } from "./context.ts";
import { EXIT, EXIT_MEANINGS } from "./exit-codes.ts";
import { report } from "./report.ts";

/** In the order of the list that `--help` prints, within their groups. */
const COMMANDS: readonly ((context: Context) => CommandUnknownOpts)[] = [
  ...[init, deploy, invoke, logs, open],
  ...[ps, show, top, stop, start, rollback, secrets, rm, prune],
  ...[serve, doctor, backup, restore, installService, uninstall],
  ...[login, logout, hosts, completion, version],
];

/** Runs the command of a command line, and gives the exit status of the process. */
export async function runCli(args: string[], context: Context): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    return report(context, error, { json: args.includes("--json") });
  }
}

/** The program with every command. Its commands load what is large when they run. */
export function createProgram(context: Context): CommandUnknownOpts {
  const program = new Command("oken-runner")
    .description("Oken Runner: deploys and runs AI agents on this host, and on others that have a runner.")
    .version(`oken-runner ${VERSION}`, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help; help COMMAND says more")
    .commandsGroup(GROUPS.self)
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", `\n${exitStatusText()}`)
    .showHelpAfterError("See oken-runner --help.")
    .exitOverride()
    .hook("preAction", (_, command) => inheritOptions(command));
  withRunnerOptions(program);
  program.configureOutput(outputOf(context));
  program.configureHelp({
    styleTitle: (text) => context.out.paint("bold", text),
    visibleOptions,
    // In the order in which they are shown.
    groupItems: (_, shown, groupOf) => new Help().groupItems(shown, shown, groupOf),
  });
  for (const make of COMMANDS) adopt(program, make(context));
  program.addCommand(complete(context), { hidden: true });
  return program;
}

/** Makes a command part of another, with its way of telling help and errors; those below it too. */
function adopt(parent: CommandUnknownOpts, command: CommandUnknownOpts): void {
  command.copyInheritedSettings(parent);
  parent.addCommand(command);
  command.showHelpAfterError(`See ${pathOf(command)} --help.`);
  for (const below of command.commands) {
    below.copyInheritedSettings(command);
    below.showHelpAfterError(`See ${pathOf(below)} --help.`);
  }
}

function pathOf(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** The options that are a command's own come before those of every command. */
function visibleOptions(command: CommandUnknownOpts): Option[] {
  const options = new Help().visibleOptions(command);
  return [...options.filter((option) => !isCommon(option)), ...options.filter(isCommon)];
}

function isCommon({ helpGroupHeading }: Option): boolean {
  return helpGroupHeading === RUNNER_OPTIONS;
}

function outputOf({ out, err }: Context) {
  return {
    writeOut: out.write,
    writeErr: err.write,
    outputError: (text: string, write: (text: string) => void) =>
      write(`${err.paint("red", "oken-runner:")} ${text.replace(/^error: /, "")}`),
    getOutHelpWidth: () => out.columns,
    getErrHelpWidth: () => err.columns,
    getOutHasColors: () => out.hasColor,
    getErrHasColors: () => err.hasColor,
  };
}

function exitStatusText(): string {
  const lines = Object.entries(EXIT_MEANINGS).map(([status, meaning]) => `  ${status.padEnd(3)}  ${meaning}`);
  return `Exit status:\n${lines.join("\n")}`;
}
