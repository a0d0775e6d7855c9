import { run } from "./run.ts";

type Lab = { directory: string; on(node: string, args: string[]): Promise<string> };

/**
 * An image of programs of this machine, with their libraries, in the lab's registry: a base image would take half a
 * minute to push. Gives its name there by its digest.
 */
export async function pushPrograms(
  lab: Lab,
  { programs, image, entrypoint }: { programs: string[]; image: string; entrypoint?: string[] },
): Promise<string> {
  const host = `unix://${lab.directory}/n1.sock`;
  const paths = programs.map((program) => Bun.which(program) ?? program).join(" ");
  const libraries = `$(ldd ${paths} | grep -v ':$' | grep -o '/[^ )]*' | sort -u)`;
  const pack = `tar --create --dereference --absolute-names ${paths} ${libraries}`;
  const change = entrypoint === undefined ? [] : ["--change", `ENTRYPOINT ${JSON.stringify(entrypoint)}`];
  const script = `${pack} | docker --host "$0" import "$@"`;
  await run(["bash", "-o", "pipefail", "-c", script, host, ...change, "-", image]);
  await lab.on("n1", ["push", "--quiet", image]);
  return (await lab.on("n1", ["image", "inspect", "--format", "{{index .RepoDigests 0}}", image])).trim();
}
