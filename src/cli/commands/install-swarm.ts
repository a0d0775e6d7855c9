import type { Command } from "@commander-js/extra-typings";
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { addSettings, givenSettings, loadSettings } from "../settings.ts";

/** Settings that its help shows; all others of `serve` may be given too. */
const SHOWN = ["OKEN_REGISTRY", "OKEN_PORT", "OKEN_PUBLIC_URL"] as const;

/** More than Docker advises to have of managers. */
const MOST_REPLICAS = 7;

export function installSwarm(context: Context): Command {
  const command = newCommand("install-swarm", {
    group: "host",
    summary: "print a stack file with the runner as a service of a swarm",
    description:
      "Prints a file for docker stack deploy: the runner on managers of a swarm, one active and the others ready to take over, with the settings that are given as flags. It takes every flag of serve. The swarm gives it two files: oken-tokens, in the form of OKEN_API_TOKENS_FILE, and oken-secrets-key, as for OKEN_SECRETS_KEY_FILE.",
    examples: [
      ["install-swarm --registry registry.example.com:5000 >oken.yaml", "write the file"],
      ["install-swarm --registry registry.example.com:5000 --replicas 3 >oken.yaml", "with three managers"],
    ],
  })
    .option("--image <reference>", "image of the runner, which the managers can fetch", "oken-runner")
    .addOption(
      new Option("--replicas <number>", "runners, each on a manager of its own")
        .default(2)
        .argParser(parseReplicas),
    );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its own options are read by their names below
  const all = addSettings(command as unknown as Command, SHOWN);
  return all.action(async (options: Record<string, unknown>) => {
    const { stackFile } = await import("../../host/stack.ts");
    const settings = { backend: "swarm", ...options };
    loadSettings({ ...context, environment: {} }, settings);
    const text = stackFile({
      image: String(options["image"]),
      replicas: Number(options["replicas"]),
      settings: givenSettings(settings),
    });
    for (const line of text.trimEnd().split("\n")) context.out.line(line);
    context.err.line(NEXT);
  });
}

function parseReplicas(text: string): number {
  const replicas = Number(text);
  if (Number.isInteger(replicas) && replicas >= 1 && replicas <= MOST_REPLICAS) return replicas;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_REPLICAS}.`);
}

const NEXT = `Next, on a manager:
  docker secret create oken-tokens TOKENS_FILE
  openssl rand -base64 32 | docker secret create oken-secrets-key -
  docker stack deploy --compose-file oken.yaml oken`;
