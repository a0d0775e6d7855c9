/** Names of environment variables that the author of an agent may set. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Names that change what is loaded, or how, before the agent's code runs: by the loader and the C library, the
 * interpreter, the shell, or the docker command where somebody calls it. What the agent's own clients and programs read,
 * such as HTTPS_PROXY, SSL_CERT_FILE, PIP_INDEX_URL or NODE_OPTIONS, is its author's. Linux knows names by their case.
 */
const RESERVED_NAMES = [
  ...["PATH", "PORT"],
  ...["BASH_ENV", "BASHOPTS", "SHELLOPTS", "IFS"],
  ...["GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH"],
];
const RESERVED_PREFIXES = ["OKEN_", "LD_", "PYTHON", "_PYTHON", "DOCKER_", "BUILDKIT_", "BUILDX_"];

/** For messages. */
export const RESERVED_VARIABLES = [
  ...RESERVED_NAMES,
  ...RESERVED_PREFIXES.map((prefix) => `${prefix}…`),
].join(", ");

/** Whether the agent may not have a variable of this name. */
export function isReservedVariable(name: string): boolean {
  return RESERVED_NAMES.includes(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
