import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { eventually } from "./eventually.ts";

/** The longest that a command may take which deploys an agent, on a busy machine too, milliseconds. */
const COMMAND_MS = 45_000;

export type Ran = { status: number; out: string; err: string };

export type ShellSession = AsyncDisposable & {
  /** Runs a command to its end. The next one finds its variables and its directory. */
  run(command: string): Promise<Ran>;
  /** Starts a command that goes on, and waits until it has printed `shows`. `end` is Ctrl-C. */
  start(command: string, shows: string): Promise<{ end(): Promise<Ran> }>;
};

type Place = {
  cwd: string;
  /** A directory for what commands print. */
  scratch: string;
  env: Record<string, string | undefined>;
};

/** One shell for the commands that a person types one after the other. They have no input. */
export function openShell({ cwd, scratch, env }: Place): ShellSession {
  const shell = Bun.spawn(["bash", "--noprofile", "--norc"], {
    ...{ cwd, env, stdin: "pipe", stdout: "pipe", stderr: "ignore" },
    // Its jobs are none of the terminal that the tests may run on.
    detached: true,
  });
  const words = linesOf(shell.stdout);
  const tell = async (line: string) => {
    await shell.stdin.write(`${line}\n`);
    await shell.stdin.flush();
  };
  const nextNumber = async () => {
    const { value } = await words.next();
    if (value === undefined) throw new Error("the shell has ended");
    return Number(value);
  };
  // Jobs get a group of processes each, and may be interrupted.
  void tell("set -o monitor");
  let count = 0;
  const begin = (command: string) => {
    const base = join(scratch, String(++count));
    const group = `{ ${command}\n} </dev/null >'${base}.out' 2>'${base}.err'`;
    const printed = async () => ({
      out: await readFile(`${base}.out`, "utf8"),
      err: await readFile(`${base}.err`, "utf8"),
    });
    return { group, printed };
  };

  return {
    async run(command) {
      const { group, printed } = begin(command);
      await tell(`${group}\necho $?`);
      const late = setTimeout(() => endChildren(shell.pid), COMMAND_MS);
      const status = await nextNumber().finally(() => clearTimeout(late));
      return { status, ...(await printed()) };
    },
    async start(command, shows) {
      const { group, printed } = begin(command);
      await tell(`${group} &\necho $!`);
      const job = await nextNumber();
      const end = async () => {
        // Fails where it has ended by itself.
        process.kill(-job, "SIGINT");
        await tell(`wait ${job}\necho $?`);
        return { status: await nextNumber(), ...(await printed()) };
      };
      const look = async () => {
        const { out, err } = await printed();
        if (!`${out}${err}`.includes(shows)) throw new Error(`it has not printed ${shows}:\n${out}${err}`);
      };
      await eventually(look).catch(async (error: unknown) => {
        await end();
        throw error;
      });
      return { end };
    },
    async [Symbol.asyncDispose]() {
      await shell.stdin.end();
      await shell.exited;
    },
  };
}

/** Ends a command that takes too long. That is a failure of its own; the next one has its turn. */
function endChildren(shell: number): void {
  const found = Bun.spawnSync(["pgrep", "--parent", String(shell)]).stdout.toString();
  for (const child of found.trim().split("\n").filter(Boolean)) process.kill(Number(child), "SIGTERM");
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
