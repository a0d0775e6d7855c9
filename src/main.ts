import { HELP } from "./cli/help.ts";
import { parseServe } from "./cli/serve.ts";
import { ConfigError } from "./config.ts";
import { startDaemon } from "./daemon.ts";
import { createLog } from "./log.ts";
import { VERSION } from "./version.ts";

/** Exit status of a wrong command line or setting, as getopt's users expect it. */
const USAGE_ERROR = 2;

/**
 * How many requests may be inside agents at a time. Bun's own limit of 256 lets slow agents hold up all others, and it
 * is read before any code of ours runs.
 */
const REQUEST_LIMIT = { name: "BUN_CONFIG_MAX_HTTP_REQUESTS", value: "16384" };

async function main(args: string[]): Promise<void> {
  const [command, ...rest] = args;
  switch (command) {
    case "serve":
      return serve(rest);
    case "--version":
    case "-v":
    case "version":
      return print(`oken-runner ${VERSION}\n`);
    case "--help":
    case "-h":
    case "help":
      return print(HELP);
    case undefined:
      return fail(HELP);
    default:
      return fail(`oken-runner: there is no command ${JSON.stringify(command)}.\n\n${HELP}`);
  }
}

async function serve(args: string[]): Promise<void> {
  const parsed = parseServe(args, process.env);
  if ("help" in parsed) return print(parsed.help);
  raiseRequestLimit();
  const { config } = parsed;
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  const daemon = await startDaemon({ config, log, environment: process.env });

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // The second signal means: now.
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping");
    daemon.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "could not stop in good order");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

/** Begins this program anew in the same process with the limit in its environment; returns if it is there already. */
function raiseRequestLimit(): void {
  const { name, value } = REQUEST_LIMIT;
  const isCompiled = Bun.main.startsWith("/$bunfs/");
  if (process.env[name] !== undefined || !isCompiled || process.execve === undefined) return;
  const args = [process.execPath, ...process.argv.slice(2)];
  process.execve(process.execPath, args, { ...process.env, [name]: value });
}

function print(text: string): void {
  process.stdout.write(text);
}

function fail(text: string): void {
  process.stderr.write(text);
  process.exitCode = USAGE_ERROR;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  fail(`oken-runner: ${error.message}\n`);
}
