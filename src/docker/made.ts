import { isNoSuchObject, undefinedIfNoSuchObject } from "./errors.ts";
import type { DockerExec } from "./exec.ts";
import { LABEL } from "./labels.ts";
import { linesOf } from "./lines.ts";
import { OWNER_LABEL } from "./networks/proxy-container.ts";

/** What a runner has made in the engine, by the names that the engine knows. */
export type Made = { containers: string[]; images: string[]; networks: string[]; volumes: string[] };

/** Everything with this runner's labels. The usual network may be shared, and has none of a runner. */
export async function listMade(exec: DockerExec, runnerId: string): Promise<Made> {
  const own = ["--filter", `label=${LABEL.runner}=${runnerId}`];
  const list = async (...args: string[]) =>
    linesOf(await exec.run(args)).filter((line) => !line.includes("<none>"));
  const [agents, proxies, images, networks, volumes] = await Promise.all([
    list("ps", "--all", ...own, "--format", "{{.Names}}"),
    list("ps", "--all", "--filter", `label=${OWNER_LABEL}=${runnerId}`, "--format", "{{.Names}}"),
    list("image", "ls", ...own, "--format", "{{.Repository}}:{{.Tag}}"),
    list("network", "ls", ...own, "--format", "{{.Name}}"),
    list("volume", "ls", ...own, "--format", "{{.Name}}"),
  ]);
  return { containers: [...new Set([...agents, ...proxies])], images, networks, volumes };
}

/** Whether the usual network is there, was made by a runner, and has nobody in it but these containers. */
export async function isFreeNetwork(exec: DockerExec, name: string, own: string[]): Promise<boolean> {
  const format = `{{index .Labels "${LABEL.managed}"}} {{range .Containers}}{{.Name}} {{end}}`;
  const found = await exec
    .run(["network", "inspect", "--format", format, "--", name])
    .catch((error: unknown) => {
      if (isNoSuchObject(error)) return "";
      throw error;
    });
  const [managed, ...inside] = found.trim().split(" ");
  return managed === "true" && inside.every((container) => own.includes(container));
}

/** Removes them, containers first. What is gone already is no error. */
export async function removeMade(exec: DockerExec, made: Made): Promise<void> {
  const steps: [string[], string[]][] = [
    [["rm", "--force", "--volumes"], made.containers],
    [["image", "rm"], made.images],
    [["network", "rm"], made.networks],
    [["volume", "rm"], made.volumes],
  ];
  for (const [command, names] of steps)
    for (const name of names) await exec.run([...command, "--", name]).catch(undefinedIfNoSuchObject);
}
