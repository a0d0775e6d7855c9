import type { Command } from "@commander-js/extra-typings";

import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { addSettings, loadSettings } from "../settings.ts";

export function serve(context: Context): Command {
  const command = newCommand("serve", {
    group: "host",
    summary: "serve the API, on 127.0.0.1:8000 unless told otherwise",
    description:
      "Serves the runner's API. Each setting is a flag, a variable and a key of the file that --config names; the flag wins, then the variable. In parentheses: the variable, and what holds when nothing sets it. Sizes take k, m, g; times are in seconds. SIGHUP reads the log level, the tokens, the certificates and the secrets of webhooks again.",
    examples: [
      ["serve", "on 127.0.0.1:8000"],
      ["serve --data-dir /var/lib/oken", "keep what is deployed"],
      ["serve --takeover", "in place of the runner that serves, which ends when its requests have"],
      ["serve --config /etc/oken-runner/config.toml", "as a service does"],
    ],
  });
  command.option(
    "--takeover",
    "take over from the runner of the same data directory without a gap; where none runs, just start",
  );
  return addSettings(command).action(async (options: Record<string, unknown>) => {
    const isTakeover = options["takeover"] === true;
    const isServing = await context.host.serve(() => loadSettings(context, options), { isTakeover });
    const { err } = context;
    if (!isServing || !err.isTerminal) return;
    err.line(`${err.paint("dim", "Next:")} oken-runner init hello, in another terminal`);
  });
}
