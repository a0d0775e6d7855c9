/**
 * The most requests that agents may work on at a time. With Bun's default of 256, slow agents would hold up all others.
 * Bun reads the variable before any code of ours runs.
 */
const LIMIT = { name: "BUN_CONFIG_MAX_HTTP_REQUESTS", value: "16384" };

const isCompiled = Bun.main.startsWith("/$bunfs/");
const [command, ...rest] = process.argv.slice(2);

// The executable replaces itself in the same process, with the variable set.
if (command === "serve" && isCompiled && process.env[LIMIT.name] === undefined) {
  const args = [process.execPath, command, ...rest];
  process.execve?.(process.execPath, args, { ...process.env, [LIMIT.name]: LIMIT.value });
}
