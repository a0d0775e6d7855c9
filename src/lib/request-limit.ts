/**
 * How many requests may be inside agents at a time. Bun's own limit of 256 lets slow agents hold up all others, and it
 * is read from the environment before any code of ours runs.
 */
const LIMIT = { name: "BUN_CONFIG_MAX_HTTP_REQUESTS", value: "16384" };

const isCompiled = Bun.main.startsWith("/$bunfs/");
const [command, ...rest] = process.argv.slice(2);

// The executable begins anew in the same process, with the limit set.
if (command === "serve" && isCompiled && process.env[LIMIT.name] === undefined) {
  const args = [process.execPath, command, ...rest];
  process.execve?.(process.execPath, args, { ...process.env, [LIMIT.name]: LIMIT.value });
}
