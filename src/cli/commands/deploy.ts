import { resolve } from "node:path";

import type { Client } from "../../client/client.ts";
import type { DeployResponse } from "../../model/api.ts";
import { newApiCommand } from "../command.ts";
import { type RunnerOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { took } from "../output/amounts.ts";
import { showNext } from "../output/next.ts";
import { plainLine } from "../output/safe-line.ts";

const add = (value: string, before: string[] = []) => [...before, value];

export function deploy(context: Context) {
  return newApiCommand("deploy", {
    group: "author",
    summary: "send an agent's files, build them and serve the new version",
    description: `Sends the files of a directory, has an agent built of them and serves it. Until the new version is ready the one before serves, and goes on if the deploy fails or is broken off with Ctrl-C. A connection that breaks meanwhile is made anew.

What .gitignore and .okenignore name is not sent; a line such as !weights.bin in .okenignore sends what .gitignore leaves out. Never sent: .env, .git, virtual environments, __pycache__ and node_modules.

The id is --id, else slug in oken.toml, else the directory's name. Secrets stay as they were unless they are named here.`,
    examples: [
      ["deploy", "the agent in this directory"],
      ["deploy hello --secret API_KEY", "with a secret from the environment, or asked for"],
      ["deploy hello --env-file .env", "with every secret of a file, which itself is not sent"],
      ["deploy hello --watch", "again with every change"],
    ],
  })
    .argument("[dir]", "directory with oken.toml", ".")
    .option("--id <id>", "id of the agent")
    .option(
      "-s, --secret <name[=value]>",
      "a secret; without =value it is read from the environment, or asked for. May be repeated",
      add,
    )
    .option("--env-file <file>", "secrets of a file, one NAME=value a line")
    .option("--replace-secrets", "remove the secrets that are not named here")
    .option("--watch", "deploy again when files change")
    .option("--no-build-log", "do not show the lines of the build")
    .action(async (dir, options) => {
      const { readVariables } = await import("../variables.ts");
      const { agentIdOf, assertProject } = await import("../project.ts");
      const { sendDeploy } = await import("../deploy/send.ts");
      const { nextCall } = await import("../templates/next-call.ts");
      const directory = resolve(context.directory, dir);
      await assertProject(directory, context.directory);
      const agentId = await agentIdOf(directory, options.id);
      const client = await connect(context, options);
      const pairs = options.secret ?? [];
      const secrets = await readVariables(context, { pairs, file: options.envFile });
      const keepSecrets = options.replaceSecrets !== true;
      const send = async () => {
        const { buildLog } = options;
        const sending = { directory, agentId, secrets, keepSecrets, buildLog };
        const result = await sendDeploy(context, client, sending);
        const call = await nextCall(directory, result);
        showResult(context, { client, options, result, call });
      };
      if (!options.watch) return await send();
      const { deployOnChange } = await import("../deploy/watch.ts");
      return await deployOnChange(context, { directory, send });
    });
}

type Shown = { client: Client; options: RunnerOptions; result: DeployResponse; call: string };

function showResult({ out, err }: Context, { client, options, result, call }: Shown): void {
  if (options.json) return out.line(JSON.stringify(result));
  const { agent_id, version, unchanged, timings_ms, entrypoint_reason } = result;
  const { total = 0, ...parts } = timings_ms;
  const times = Object.entries(parts).map(([name, ms]) => `${name} ${took(ms)}`);
  const what = unchanged ? "nothing has changed" : `${took(total)}: ${times.join(", ")}`;
  err.prose(`${err.paint("green", "Running")}: ${agent_id}, version ${version} (${what})`);
  err.prose(err.paint("dim", plainLine(entrypoint_reason)));
  out.line(`${client.address.shown}${result.endpoint}`);
  showNext(err, options, `invoke ${agent_id} ${call}`);
}
