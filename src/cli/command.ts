import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";

export const GROUPS = {
  author: "Your agents:",
  operate: "Looking after them:",
  host: "The runner on this host:",
  self: "This program:",
} as const;

type Meaning = {
  /** None for a command below another. */
  group?: keyof typeof GROUPS;
  /** One line, for the list of commands. */
  summary: string;
  /** What it does, where one line is not enough. */
  description?: string;
  /** Command lines without `oken-runner`, and what each is for. */
  examples: readonly (readonly [line: string, purpose: string])[];
};

/** A command with its help. Its file adds arguments, options and the action. */
export function newCommand(name: string, { group, summary, description, examples }: Meaning) {
  return new Command(name)
    .helpGroup(group === undefined ? "" : GROUPS[group])
    .summary(summary)
    .description(description ?? `${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    .addHelpText("after", `\n${examplesText(examples)}`);
}

/** A command that talks to a runner: `connect` takes its options. */
export function newApiCommand(name: string, meaning: Meaning) {
  return withRunnerOptions(newCommand(name, meaning));
}

/** Heading of the options that every command of the API has. They come last in its help. */
export const RUNNER_OPTIONS = "Runner options:";

/** Gives a command the options that `connect` takes. */
export function withRunnerOptions<Args extends unknown[]>(command: Command<Args>) {
  return command
    .addOption(
      new Option(
        "--url <url>",
        "address of the runner, or the name of one that login keeps (OKEN_URL)",
      ).helpGroup(RUNNER_OPTIONS),
    )
    .addOption(
      new Option(
        "--token <token>",
        "its token; others on this machine can read it here, so rather OKEN_API_TOKEN or login",
      ).helpGroup(RUNNER_OPTIONS),
    )
    .addOption(new Option("--json", "print JSON for programs, errors included").helpGroup(RUNNER_OPTIONS));
}

/** Hands the program's options to the command: people write `--url X ps` as well as `ps --url X`. */
export function inheritOptions(command: CommandUnknownOpts): void {
  for (let above = command.parent; above !== null; above = above.parent)
    for (const option of optionsGiven(above)) {
      const own = command.options.find(({ long }) => long === option.long);
      if (own === undefined)
        command.error(`error: ${command.name()} takes no option '${option.long}'`, { exitCode: 1 });
      else if (!isGiven(command, own)) {
        const name = own.attributeName();
        command.setOptionValueWithSource(name, above.getOptionValue(name), "cli");
      }
    }
}

function optionsGiven(command: CommandUnknownOpts): readonly Option[] {
  return command.options.filter((option) => isGiven(command, option));
}

function isGiven(command: CommandUnknownOpts, option: Option): boolean {
  return command.getOptionValueSource(option.attributeName()) === "cli";
}

function examplesText(examples: Meaning["examples"]): string {
  const lines = examples.map(([line, purpose]) => `  # ${purpose}\n  $ oken-runner ${line}`);
  return `Examples:\n${lines.join("\n\n")}`;
}
