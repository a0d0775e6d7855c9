/** Names of environment variables that the author of an agent may set. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Names that have a meaning before the agent's code runs: for the loader, the interpreter, the shell, or for the docker
 * command where somebody calls it.
 */
const RESERVED_NAMES = ["PATH", "PORT", "BASH_ENV", "GCONV_PATH", "GLIBC_TUNABLES", "IFS"];
const RESERVED_PREFIXES = ["OKEN_", "LD_", "PYTHON", "DOCKER_", "BUILDKIT_", "BUILDX_"];

/** For messages. */
export const RESERVED_VARIABLES = [
  ...RESERVED_NAMES,
  ...RESERVED_PREFIXES.map((prefix) => `${prefix}…`),
].join(", ");

/** Whether the agent may not have a variable of this name. */
export function isReservedVariable(name: string): boolean {
  return RESERVED_NAMES.includes(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
