import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** A word that may come next, and what it means. */
export type Candidate = { value: string; meaning: string };

type Position = {
  command: CommandUnknownOpts;
  /** Arguments that the command has already. */
  given: number;
  /** An option whose value comes next. */
  option: Option | undefined;
};

/**
 * What may come in the place of the last of `words`. Empty where a shell's own completion of files serves better.
 * `valuesOf` gives the values of an argument that the program does not know by itself.
 */
export async function candidates(
  program: CommandUnknownOpts,
  words: readonly string[],
  valuesOf: (argument: string) => Promise<readonly string[]>,
): Promise<Candidate[]> {
  const current = words.at(-1) ?? "";
  const position = positionAfter(program, words.slice(0, -1));
  const found = await candidatesAt(position, current, valuesOf);
  return found.filter(({ value }) => value.startsWith(current));
}

async function candidatesAt(
  { command, given, option }: Position,
  current: string,
  valuesOf: (argument: string) => Promise<readonly string[]>,
): Promise<Candidate[]> {
  if (option !== undefined) return (option.argChoices ?? []).map(plain);
  const help = command.createHelp();
  if (current.startsWith("-")) return help.visibleOptions(command).map(optionCandidate);
  const below = help.visibleCommands(command).map((it) => ({ value: it.name(), meaning: it.summary() }));
  if (command.name() === "help" || below.length > 0) return below;
  const argument = argumentAt(command, given);
  return argument === undefined ? [] : (argument.argChoices ?? (await valuesOf(argument.name()))).map(plain);
}

function positionAfter(program: CommandUnknownOpts, words: readonly string[]): Position {
  const position: Position = { command: program, given: 0, option: undefined };
  for (const word of words) {
    if (position.option !== undefined) position.option = undefined;
    else if (word.startsWith("-")) position.option = optionWithValue(position.command, word);
    else {
      const below = position.command.commands.find((it) => it.name() === word);
      if (below === undefined) position.given += 1;
      else position.command = below;
    }
  }
  return position;
}

/** The option whose value is the next word. */
function optionWithValue(command: CommandUnknownOpts, word: string): Option | undefined {
  return command.options.find((option) => option.required && [option.long, option.short].includes(word));
}

function argumentAt({ registeredArguments: all }: CommandUnknownOpts, index: number): Argument | undefined {
  const last = all.at(-1);
  return all[index] ?? (last?.variadic ? last : undefined);
}

function optionCandidate({ long, short, description }: Option): Candidate {
  return { value: long ?? short ?? "", meaning: description };
}

function plain(value: string): Candidate {
  return { value, meaning: "" };
}
