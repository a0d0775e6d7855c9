// Large modules are loaded later, by the command that needs them.
import { HELP } from "./cli/help.ts";
import { raisePriority } from "./lib/priority.ts";
import { StartError } from "./lib/start-error.ts";
import { VERSION } from "./lib/version.ts";

/** Exit status of a wrong command line, and of a setting that stops the start. */
const USAGE_ERROR = 2;

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
  const niceness = raisePriority();
  const [{ parseServe }, { createLog }, { startDaemon }] = await Promise.all([
    import("./cli/serve.ts"),
    import("./lib/log.ts"),
    import("./daemon.ts"),
  ]);
  const parsed = parseServe(args, process.env);
  if ("help" in parsed) return print(parsed.help);
  const { config } = parsed;
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  const daemon = await startDaemon({ config, log, environment: process.env, niceness }).catch(
    (error: unknown) => {
      if (error instanceof StartError) throw error;
      log.error({ err: error }, "the runner could not start");
      process.exitCode = 1;
    },
  );
  if (daemon === undefined) return;

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // A second signal ends the process at once.
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
  void daemon.lost.then((error) => {
    fail(`oken-runner: ${error.message}\n`);
    return daemon.stop().finally(() => process.exit(USAGE_ERROR));
  });
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
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
  if (!(error instanceof StartError)) throw error;
  fail(`oken-runner: ${error.message}\n`);
}
