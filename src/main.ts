// Large modules are loaded later, by the command that needs them.
import { type HostWork, type OnInterrupt, processContext } from "./cli/context.ts";
import { runCli } from "./cli/program.ts";
import { enterOwnGroup } from "./lib/control-groups.ts";
import { raisePriority } from "./lib/priority.ts";
import { StartError } from "./lib/start-error.ts";

/** Exit status of a setting that stops the start, and of a runner that is a copy of another: no restart helps. */
const USAGE_ERROR = 2;

/** As shells tell of a command that a signal ended, with its number added. */
const SIGNAL_STATUS = 128;

/** And one that SIGINT ended. */
const INTERRUPTED = 130;

const STOPPING = ["SIGTERM", "SIGINT"] as const;

/**
 * Before a runner listens nothing is inside; in a swarm it may wait for days. The first process of a container hears no
 * signal that it does not listen for.
 */
const leave = (_: NodeJS.Signals, number: number) => process.exit(SIGNAL_STATUS + number);

const serve: HostWork["serve"] = async (load, { isTakeover }) => {
  const config = load();
  const niceness = raisePriority();
  await enterOwnGroup();
  const [{ createLog }, { startDaemon }] = await Promise.all([import("./lib/log.ts"), import("./daemon.ts")]);
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  const leaving = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    // A second signal ends the process at once.
    if (leaving.signal.aborted) process.exit(1);
    log.info({ signal }, "stopping");
    leaving.abort();
    starting
      .then((daemon) => daemon.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, "could not stop in good order");
          process.exit(1);
        },
      );
  };
  for (const signal of STOPPING) process.on(signal, leave);
  const starting = startDaemon({
    ...{ config, log, environment: process.env, niceness, isTakeover, leaving: leaving.signal },
    onListening() {
      for (const signal of STOPPING) process.off(signal, leave).on(signal, stop);
    },
  });
  // From the first moment: without a listener the signal would end the process.
  process.on("SIGHUP", () => void starting.then((daemon) => daemon.reload(load)).catch(() => undefined));
  const daemon = await starting.catch((error: unknown) => {
    if (error instanceof StartError) throw error;
    log.error({ err: error }, "the runner could not start");
    process.exitCode = 1;
  });
  if (daemon === undefined) return false;

  void daemon.lost.then((error) => {
    process.stderr.write(`oken-runner: ${error.message}\n`);
    return daemon.stop().finally(() => process.exit(daemon.standsBy ? 1 : USAGE_ERROR));
  });
  void daemon.succeeded.then(() => daemon.stop()).finally(() => process.exit(0));
  return true;
};

const host: HostWork = {
  serve,
  async diagnose(load, only) {
    const { diagnose } = await import("./daemon/diagnose.ts");
    return diagnose(load, { environment: process.env, only });
  },
  async diagnoseNode(load, options) {
    const { diagnoseNode } = await import("./daemon/diagnose-node.ts");
    return diagnoseNode(load, { environment: process.env, ...options });
  },
  async findMade(load) {
    const { findMade } = await import("./daemon/uninstall.ts");
    return findMade(load(), process.env);
  },
};

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read the output has enough of it, as `head` has.
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const onInterrupt: OnInterrupt = (work) => {
  const end = () => void work().finally(() => process.exit(INTERRUPTED));
  process.once("SIGINT", end);
  return { [Symbol.dispose]: () => process.off("SIGINT", end) };
};

const status = await runCli(process.argv.slice(2), processContext(host, onInterrupt));
if (status !== 0) process.exitCode = status;
