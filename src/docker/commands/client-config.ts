import { homedir } from "node:os";
import { join } from "node:path";

/** Where the docker CLI has its own settings, and what `docker login` keeps. */
export function configPath(environment: Record<string, string | undefined>): string {
  const directory = environment["DOCKER_CONFIG"] || join(environment["HOME"] || homedir(), ".docker");
  return join(directory, "config.json");
}
