import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { StartError } from "../../../src/lib/start-error.ts";
import { agentIn } from "../../helpers/records.ts";
import { startServer } from "../../helpers/server.ts";

/** A path for a socket, and requests to whoever listens there. */
async function scratch() {
  const directory = await mkdtemp(join(tmpdir(), "oken-socket-"));
  const path = join(directory, "oken.sock");
  return {
    path,
    start: (env: Record<string, string> = {}) =>
      startServer(agentIn("running"), { OKEN_LISTEN: `unix:${path}`, ...env }),
    ask: (host = "localhost") => fetch("http://localhost/agents", { unix: path, headers: { host } }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

test("the runner listens on a socket for its own user and group, and removes it at the end", async () => {
  await using socket = await scratch();
  {
    await using server = await socket.start({ OKEN_HOST: "0.0.0.0" });
    expect(server.url).toBe(`unix:${socket.path}`);
    expect((await stat(socket.path)).mode & 0o777).toBe(0o660);
    for (const host of ["localhost", "any.name.example"]) expect((await socket.ask(host)).status).toBe(200);
  }
  expect(existsSync(socket.path)).toBe(false);
});

test("a token is needed there too, where there is one", async () => {
  await using socket = await scratch();
  await using _ = await socket.start({
    OKEN_API_TOKEN: "a-token-of-some-length",
    OKEN_ALLOW_FROM: "10.0.0.0/8",
  });
  expect((await socket.ask()).status).toBe(401);
});

test("a socket that a crash left is replaced", async () => {
  await using socket = await scratch();
  const left = Bun.spawn([
    process.execPath,
    "-e",
    `Bun.listen({ unix: ${JSON.stringify(socket.path)}, socket: { data() {} } }); process.kill(process.pid, "SIGKILL")`,
  ]);
  await left.exited;
  expect(existsSync(socket.path)).toBe(true);
  await using _ = await socket.start();
  expect((await socket.ask()).status).toBe(200);
});

test("a socket that is in use, and a file, stop the start", async () => {
  await using socket = await scratch();
  {
    await using _ = await socket.start();
    await expect(socket.start()).rejects.toThrow(
      new StartError(`OKEN_LISTEN is "unix:${socket.path}", but another program listens there.`),
    );
    expect((await socket.ask()).status).toBe(200);
  }
  await writeFile(socket.path, "precious");
  await expect(socket.start()).rejects.toThrow(
    `OKEN_LISTEN is "unix:${socket.path}", but that is a file and no socket; it was left as it is.`,
  );
  expect(await Bun.file(socket.path).text()).toBe("precious");
  const nowhere = { OKEN_LISTEN: `unix:${socket.path}.d/oken.sock` };
  await expect(socket.start(nowhere)).rejects.toThrow("but the socket cannot be made there (ENOENT)");
});
