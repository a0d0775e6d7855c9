import { expect, test } from "bun:test";
import { join } from "node:path";

import { BINARY } from "../helpers/binary.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";

/** Of this project, at a version that is known. */
const PYTHON = join(import.meta.dir, "../../.venv/bin/python");

/** How long a runner may take until it serves, milliseconds. */
const START_MS = 60_000;

/**
 * Holds a socket as systemd does: says where it listens, starts the program with it for each line that it reads, and says
 * with which status the program ended. Its arguments are the socket's path, or nothing for a port, and the command.
 */
const MANAGER = `import os, socket, sys
path, *command = sys.argv[1:]
if path:
    held = socket.socket(socket.AF_UNIX)
    held.bind(path)
    held.listen(512)
else:
    held = socket.create_server(("127.0.0.1", 0), backlog=512)
print("" if path else held.getsockname()[1], flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        if held.fileno() == 3:
            os.set_inheritable(3, True)
        else:
            os.dup2(held.fileno(), 3)
        os.execve(command[0], command, {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
`;

test("a call that comes while the runner is down waits for it, over TCP as over a Unix socket", async () => {
  await using runner = await startRunner();
  await runner.kill("SIGTERM");
  for (const path of ["", join(runner.dataDir, "api.sock")]) {
    await using manager = startManager(path, runner);
    const port = await manager.line();
    const ask = async () => {
      const url = path === "" ? `http://127.0.0.1:${port}/agents` : "http://localhost/agents";
      const answer = await fetch(url, path === "" ? { keepalive: false } : { unix: path, keepalive: false });
      return answer.status;
    };
    for (let run = 0; run < 2; run += 1) {
      const waiting = ask();
      manager.start();
      const pid = Number(await manager.line());
      expect(await waiting).toBe(200);
      await manager.ready();
      process.kill(pid, "SIGTERM");
      expect(await manager.line()).toBe("0");
    }
  }
});

test("a socket that does not listen ends the start with a sentence", async () => {
  const connected = `import os, socket, sys
one, _ = socket.socketpair()
os.dup2(one.fileno(), 3)
os.execve(sys.argv[1], sys.argv[1:], {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})`;
  const child = Bun.spawn([PYTHON, "-c", connected, BINARY, "serve"], { stderr: "pipe" });
  expect(await child.stderr.text()).toContain("The socket that was passed by LISTEN_FDS does not listen.");
  expect(await child.exited).toBe(2);
});

function startManager(path: string, { dataDir, network }: { dataDir: string; network: string }) {
  const child = Bun.spawn([PYTHON, "-c", MANAGER, path, BINARY, "serve"], {
    // Of the settings' port and host the socket knows better.
    env: { ...process.env, OKEN_DATA_DIR: dataDir, OKEN_DOCKER_NETWORK: network, OKEN_PORT: "1" },
    detached: true,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = linesOf(child.stdout);
  const logged = linesOf(child.stderr);
  return {
    start: () => void child.stdin.write("\n"),
    line: () => said.next(() => true),
    ready: () => logged.next((line) => line.includes("is ready")),
    async [Symbol.asyncDispose]() {
      void child.stdin.end();
      // The program that it has started as well: it is no child of this process.
      process.kill(-child.pid, "SIGKILL");
      await Promise.all([child.exited, said.done, logged.done]);
    },
  };
}

function linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const lines: string[] = [];
  const done = (async () => {
    let rest = "";
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
    }
  })();
  return {
    done,
    /** The next line of that kind; those before it are dropped. */
    async next(isMeant: (line: string) => boolean): Promise<string> {
      await eventually(() => expect(lines.some(isMeant)).toBe(true), START_MS);
      return lines.splice(0, lines.findIndex(isMeant) + 1).at(-1) ?? "";
    },
  };
}
