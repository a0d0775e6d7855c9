import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import type { Client } from "../../client/client.ts";
import { secretsPath } from "../../client/paths.ts";
import type { SecretNames } from "../../model/api.ts";
import { newApiCommand } from "../command.ts";
import { type RunnerOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { took } from "../output/amounts.ts";

const EXAMPLES = [
  ["secrets set hello API_KEY", "from the environment, or asked for"],
  ["secrets set hello --env-file .env", "every secret of a file"],
  ["secrets list hello", "their names; no command shows values"],
  ["secrets unset hello API_KEY", "remove one"],
] as const;

const DESCRIPTION =
  "Secrets are environment variables of an agent. A change is a deploy of the same files: a new version, and no request is dropped.";

export function secrets(context: Context): CommandUnknownOpts {
  const command: CommandUnknownOpts = newApiCommand("secrets", {
    group: "operate",
    summary: "set, remove and list an agent's secrets",
    description: DESCRIPTION,
    examples: EXAMPLES,
  });
  command.helpCommand(false);
  command.addCommand(set(context)).addCommand(unset(context)).addCommand(list(context));
  return command;
}

function set(context: Context) {
  return newApiCommand("set", {
    summary: "set secrets; those that are not named stay",
    description:
      "Sets secrets. NAME alone is read from the environment, or asked for, so that the value is on no command line.",
    examples: EXAMPLES.slice(0, 2),
  })
    .argument("<agent>", "id of the agent")
    .argument("[name[=value]...]", "secrets to set")
    .option("--env-file <file>", "secrets of a file, one NAME=value a line")
    .action(async (agent, pairs, options) => {
      const { readVariables } = await import("../variables.ts");
      const values = await readVariables(context, { pairs, file: options.envFile });
      if (Object.keys(values).length === 0)
        throw usageFailure("no secret is named.", "See oken-runner secrets set --help.");
      await change(context, { client: await connect(context, options), agent, values, options });
    });
}

function unset(context: Context) {
  return newApiCommand("unset", {
    summary: "remove secrets",
    examples: EXAMPLES.slice(3),
  })
    .argument("<agent>", "id of the agent")
    .argument("<name...>", "secrets to remove")
    .action(async (agent, names, options) => {
      const client = await connect(context, options);
      const known = await client.json<SecretNames>(secretsPath(agent));
      const missing = names.find((name) => !known.secrets.includes(name));
      if (missing !== undefined) {
        const had = known.secrets.length === 0 ? "it has none" : `it has: ${known.secrets.join(", ")}`;
        throw usageFailure(`${agent} has no secret ${missing}; ${had}.`);
      }
      const values = Object.fromEntries(names.map((name) => [name, null]));
      await change(context, { client, agent, values, options });
    });
}

function list(context: Context) {
  return newApiCommand("list", {
    summary: "list the names of an agent's secrets",
    examples: EXAMPLES.slice(2, 3),
  })
    .argument("<agent>", "id of the agent")
    .action(async (agent, options) => {
      const { out, err } = context;
      const client = await connect(context, options);
      const answer = await client.json<SecretNames>(secretsPath(agent));
      if (options.json) return out.line(JSON.stringify(answer));
      if (answer.secrets.length === 0) err.line(`${agent} has no secrets.`);
      for (const name of answer.secrets) out.line(name);
    });
}

type Change = {
  client: Client;
  agent: string;
  values: Record<string, string | null>;
  options: RunnerOptions;
};

async function change(context: Context, { client, agent, values, options }: Change): Promise<void> {
  const { followShown } = await import("../deploy/follow.ts");
  const { createDeployView } = await import("../deploy/create-view.ts");
  const { out, err } = context;
  const view = await createDeployView({ err, buildLog: false });
  const result = await followShown(context, client, {
    path: secretsPath(agent),
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(values),
    view,
  });
  if (options.json) return out.line(JSON.stringify(result));
  const { version, unchanged, timings_ms } = result;
  const what = unchanged ? "nothing has changed" : took(timings_ms["total"] ?? 0);
  err.line(`${err.paint("green", "Running")}: ${agent}, version ${version} (${what})`);
}
