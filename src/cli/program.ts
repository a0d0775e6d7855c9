import { Command, type CommandUnknownOpts, Help, type Option } from "@commander-js/extra-typings";

import { VERSION } from "../lib/version.ts";
import { GROUPS, RUNNER_OPTIONS, inheritOptions, withRunnerOptions } from "./command.ts";
import type { Context } from "./context.ts";
import { EXIT, EXIT_MEANINGS } from "./exit-codes.ts";
import { report } from "./report.ts";

type Make = (context: Context) => CommandUnknownOpts;

/**
 * By name, in the order of the list that `--help` prints, within their groups. Each is loaded by itself: most command
 * lines need one.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Make>>> = {
  init: async () => (await import("./commands/init.ts")).init,
  deploy: async () => (await import("./commands/deploy.ts")).deploy,
  invoke: async () => (await import("./commands/invoke.ts")).invoke,
  logs: async () => (await import("./commands/logs.ts")).logs,
  open: async () => (await import("./commands/open.ts")).open,
  ps: async () => (await import("./commands/ps.ts")).ps,
  show: async () => (await import("./commands/show.ts")).show,
  top: async () => (await import("./commands/top.ts")).top,
  stop: async () => (await import("./commands/stop.ts")).stop,
  start: async () => (await import("./commands/start.ts")).start,
  rollback: async () => (await import("./commands/rollback.ts")).rollback,
  secrets: async () => (await import("./commands/secrets.ts")).secrets,
  node: async () => (await import("./commands/node.ts")).node,
  rm: async () => (await import("./commands/rm.ts")).rm,
  prune: async () => (await import("./commands/prune.ts")).prune,
  serve: async () => (await import("./commands/serve.ts")).serve,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  backup: async () => (await import("./commands/backup.ts")).backup,
  restore: async () => (await import("./commands/restore.ts")).restore,
  "install-service": async () => (await import("./commands/install-service.ts")).installService,
  "install-swarm": async () => (await import("./commands/install-swarm.ts")).installSwarm,
  uninstall: async () => (await import("./commands/uninstall.ts")).uninstall,
  login: async () => (await import("./commands/login.ts")).login,
  logout: async () => (await import("./commands/logout.ts")).logout,
  hosts: async () => (await import("./commands/hosts.ts")).hosts,
  completion: async () => (await import("./commands/completion.ts")).completion,
  version: async () => (await import("./commands/version.ts")).version,
};

/** Runs the command of a command line, and gives the exit status of the process. */
export async function runCli(args: string[], context: Context): Promise<number> {
  const json = args.includes("--json");
  try {
    const program = await createProgram(context, { only: commandOf(args), json });
    await program.parseAsync(helpItself(args) ? args.slice(0, 1) : args, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    return report(context, error, { json });
  }
}

/** Whether help is asked for help, of which commander knows nothing. */
function helpItself([command, ...rest]: string[]): boolean {
  return command === "help" && rest.every((word) => word === "--help" || word === "-h");
}

/** The command that the first word names. Undefined where all are needed: for help, other words, completion. */
function commandOf([first = ""]: string[]): string | undefined {
  return Object.hasOwn(COMMANDS, first) ? first : undefined;
}

type Making = {
  /** The one command that it has; by default every one. */
  only?: string | undefined;
  /** Whether what is wrong with a command line is told in JSON, by `report`. */
  json?: boolean;
};

/** The program with its commands, which load what is large when they run. */
export async function createProgram(
  context: Context,
  { only, json = false }: Making = {},
): Promise<CommandUnknownOpts> {
  const program = new Command("oken-runner")
    .description("Oken Runner: deploys and runs AI agents on this host, and on others that have a runner.")
    .version(`oken-runner ${VERSION}`, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help; help COMMAND says more")
    .commandsGroup(GROUPS.self)
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", `\n${exitStatusText()}`)
    .showHelpAfterError("See oken-runner --help.")
    .exitOverride()
    // What comes behind a command's name is the command's, also an option that has the name of one of these.
    .enablePositionalOptions()
    .hook("preAction", (_, command) => inheritOptions(command));
  withRunnerOptions(program);
  program.configureOutput({ ...outputOf(context), ...(json && SILENT) });
  program.configureHelp({
    styleTitle: (text) => context.out.paint("bold", text),
    visibleOptions,
    // In the order in which they are shown.
    groupItems: (_, shown, groupOf) => new Help().groupItems(shown, shown, groupOf),
  });
  const wanted = Object.entries(COMMANDS).filter(([name]) => only === undefined || name === only);
  for (const make of await Promise.all(wanted.map(([, load]) => load()))) adopt(program, make(context));
  if (only === undefined) {
    const { complete } = await import("./commands/completion.ts");
    program.addCommand(complete(context), { hidden: true });
  }
  return program;
}

/** Makes a command part of another, with its way of telling help and errors; those below it too. */
function adopt(parent: CommandUnknownOpts, command: CommandUnknownOpts): void {
  command.copyInheritedSettings(parent);
  parent.addCommand(command);
  command.enablePositionalOptions();
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

const SILENT = { writeErr: () => undefined, outputError: () => undefined };

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
