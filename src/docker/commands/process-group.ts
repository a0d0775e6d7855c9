/**
 * How long a command has after SIGTERM before it is killed, milliseconds. A command may miss the signal while it starts
 * its plugin, and a cancelled build must be gone within two seconds.
 */
const KILL_AFTER_MS = 1_000;

/**
 * How long after its deadline a command is waited for, milliseconds: longer than it takes to kill it. Something else may
 * hold its output open, and its end may never be told.
 */
const GIVE_UP_AFTER_MS = KILL_AFTER_MS + 2_000;

/** A command that leads a process group, and all that it has started. Disposing of the group ends what still runs. */
export type ProcessGroup = Disposable & {
  /** Sends SIGTERM now, and SIGKILL later if that did not help. */
  end(): void;
  /** Resolves when no process holds the output open any longer. */
  readonly gone: Promise<void>;
  readonly timedOut: boolean;
  /** Resolves when it should have ended long ago, if it has a deadline. */
  readonly overdue: Promise<void>;
};

/**
 * Ends a command when `signal` aborts or after `timeoutMs`. The signal goes to the whole group, since the docker CLI
 * runs plugins as processes, and a plugin that it was about to start would outlive it.
 */
export function processGroup(
  command: PromiseLike<unknown> & { pid?: number | undefined },
  { signal, timeoutMs }: { signal: AbortSignal | undefined; timeoutMs: number | undefined },
): ProcessGroup {
  const leader = command.pid;
  let state: "running" | "ending" | "gone" = leader === undefined ? "gone" : "running";
  let timedOut = false;
  const timers: ReturnType<typeof setTimeout>[] = [];

  const end = () => {
    if (leader === undefined || state !== "running") return;
    state = "ending";
    send(leader, "SIGTERM");
    timers.push(setTimeout(() => send(leader, "SIGKILL"), KILL_AFTER_MS));
  };
  const overdue = Promise.withResolvers<void>();
  const onTimeout = () => {
    timedOut = true;
    timers.push(setTimeout(overdue.resolve, GIVE_UP_AFTER_MS));
    end();
  };
  const forget = () => {
    state = "gone";
    timers.forEach(clearTimeout);
    signal?.removeEventListener("abort", end);
  };

  if (timeoutMs !== undefined) timers.push(setTimeout(onTimeout, timeoutMs));
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  return {
    end,
    overdue: overdue.promise,
    gone: Promise.resolve(command).then(forget, forget),
    get timedOut() {
      return timedOut;
    },
    [Symbol.dispose]: end,
  };
}

function send(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
