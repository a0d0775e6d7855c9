import { newCommand } from "../command.ts";
import type { Context, Removable } from "../context.ts";
import { addSettings, loadSettings } from "../settings.ts";

export function uninstall(context: Context) {
  const command = newCommand("uninstall", {
    group: "host",
    summary: "remove all that the runner has made; only says what, without --yes",
    description:
      "Removes what the runner of a data directory has made, and nothing else: its containers, images, networks and volumes in the engine, its rules in the firewall, its state on disk, and the unchanged files of its service; in a swarm where no runner is active also its services, secrets and configs, and its images in the registry. Agents are gone then. Settings in /etc/oken-runner, this program and the engine's build cache stay. Without --yes it says what it would do.",
    examples: [
      ["uninstall --data-dir /var/lib/oken", "see what there is"],
      ["backup --data-dir /var/lib/oken oken.tar.gz", "keep a copy first"],
      ["uninstall --data-dir /var/lib/oken --yes", "remove it, with the runner stopped"],
    ],
  })
    .option("--yes", "remove it")
    .option("--root <directory>", "look for the service's files below this directory", "/");
  return addSettings(command, ["OKEN_DATA_DIR"]).action(async (options: Record<string, unknown>) => {
    const { installedFiles } = await import("../../host/service.ts");
    const made = await context.host.findMade(() => loadSettings(context, options));
    const units = await installedFiles(String(options["root"]));
    const lines = [...linesOf(made), ...units.map((path) => `file       ${path}`)];
    for (const line of lines) context.out.line(line);
    for (const sentence of made.stays) context.err.line(sentence);
    if (lines.length === 0) return context.err.line("There is nothing to remove.");
    if (options["yes"] !== true)
      return context.err.line("Nothing was removed. Do it with --yes, once the runner is stopped.");
    const left = await made.remove();
    const { rm } = await import("node:fs/promises");
    for (const path of units) await rm(path, { force: true });
    for (const name of made.others) context.err.line(`Kept ${made.dataDir}/${name}: it is not the runner's.`);
    for (const sentence of left) context.err.line(sentence);
    context.err.line(left.length === 0 ? "All of it is removed." : "All else is removed.");
  });
}

function linesOf({ dataDir, entries, engine, swarm, pushed }: Removable): string[] {
  return [
    ...swarm.service.map((name) => `service    ${name}`),
    ...swarm.secret.map((name) => `secret     ${name}`),
    ...swarm.config.map((name) => `config     ${name}`),
    ...pushed.map((name) => `registry   ${name}`),
    ...engine.containers.map((name) => `container  ${name}`),
    ...engine.images.map((name) => `image      ${name}`),
    ...engine.networks.map((name) => `network    ${name}`),
    ...engine.volumes.map((name) => `volume     ${name}`),
    ...entries.map((name) => `file       ${dataDir}/${name}`),
  ];
}
