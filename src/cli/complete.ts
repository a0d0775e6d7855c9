import { type Command as Target, RootCommand } from "@bomb.sh/tab";
import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import type { AgentList } from "../model/api-agents.ts";
import { connect } from "./connect.ts";
import type { Context } from "./context.ts";

/** Whoever presses Tab does not wait longer for a runner's agents, milliseconds. */
const PATIENCE_MS = 400;

/** Prints what may come after `words`, in the form that the scripts of `completion` read. */
export async function printCompletions(
  context: Context,
  program: CommandUnknownOpts,
  words: string[],
): Promise<void> {
  const root = new RootCommand();
  const agents = words.length > 1 ? await agentIds(context) : [];
  const add = (command: CommandUnknownOpts, path: string[]) => {
    const target = path.length === 0 ? root : root.command(path.join(" "), command.summary());
    const help = command.createHelp();
    for (const option of help.visibleOptions(command)) addOption(target, option);
    for (const argument of command.registeredArguments) addArgument(target, argument, agents);
    for (const sub of help.visibleCommands(command)) add(sub, [...path, sub.name()]);
  };
  add(program, []);
  root.parse(words);
}

function addOption(target: Target, { long, short, description, argChoices, required }: Option): void {
  const name = long?.replace(/^--/, "");
  if (name === undefined) return;
  const alias = short?.slice(1);
  if (!required)
    return void (alias === undefined
      ? target.option(name, description)
      : target.option(name, description, alias));
  target.option(name, description, (add) => argChoices?.forEach((choice) => add(choice, "")), alias);
}

function addArgument(target: Target, argument: Argument, agents: readonly string[]): void {
  const values = argument.name() === "agent" ? agents : (argument.argChoices ?? []);
  target.argument(argument.name(), (add) => values.forEach((value) => add(value, "")), argument.variadic);
}

/** None where no runner answers. */
async function agentIds(context: Context): Promise<string[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const { agents } = await (await connect(context, {})).json<AgentList>("/agents", { signal });
    return agents.map(({ agent_id }) => agent_id);
  } catch {
    return [];
  }
}
