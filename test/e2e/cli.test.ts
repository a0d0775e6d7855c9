import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BINARY } from "../helpers/binary.ts";
import { startCuttingProxy } from "../helpers/cutting-proxy.ts";
import { eventually } from "../helpers/eventually.ts";
import { eventsAnswer, DEPLOYED } from "../helpers/fake-runner.ts";
import { MEASURED, barNow } from "../helpers/measured.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { temporaryTree } from "../helpers/tree.ts";

const MiB = 1024 ** 2;

/** What a newcomer may take from nothing to an agent that was changed and deployed again, milliseconds. */
const NEWCOMER_MS = 120_000;

let runner: TestRunner;
let home: string;
beforeAll(async () => {
  [runner, home] = await Promise.all([startRunner(), mkdtemp(join(tmpdir(), "oken-cli-"))]);
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** A command at pipes, in a directory that the tests share. */
async function cli(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([BINARY, ...args], {
    cwd: home,
    env: { ...process.env, OKEN_URL: runner.url, XDG_CONFIG_HOME: home, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out, err, status };
}

/** A command on a terminal, and all that it wrote there. */
async function onTerminal(args: string[]): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  // Bun does not tell when all of a terminal is read; the last line does.
  const child = Bun.spawn(["bash", "-c", '"$0" "$@"; echo "status $?"', BINARY, ...args], {
    cwd: home,
    env: { ...process.env, OKEN_URL: runner.url, XDG_CONFIG_HOME: home, TERM: "xterm" },
    terminal: {
      cols: 80,
      rows: 30,
      data: (_, piece) => void (text += decoder.decode(piece, { stream: true })),
    },
  });
  await child.exited;
  await eventually(() => expect(text).toContain("status 0"));
  child.terminal?.close();
  return Bun.stripANSI(text).replaceAll("\r", "");
}

test("from nothing to an agent that was changed: each command says what comes next", async () => {
  const began = performance.now();
  const init = await onTerminal(["init", "hello"]);
  expect(init).toContain("Next: oken-runner deploy hello\n");
  expect(init).toContain(`Then: oken-runner invoke hello '{"name": "Ada"}'`);

  const deployed = await onTerminal(["deploy", "hello"]);
  expect(deployed).toMatch(/✓ Sent .*✓ Built .*✓ Started .*Running: hello, version 1 \(/s);
  expect(deployed).toContain(`${runner.url}/invoke/hello`);
  expect(deployed).toContain(`Next: oken-runner invoke hello '{"name": "Ada"}'`);

  const invoked = await onTerminal(["invoke", "hello", '{"name": "Ada"}']);
  expect(invoked).toContain('{\n  "hello": "Ada"\n}\nNext: oken-runner logs hello');

  const main = Bun.file(join(home, "hello/main.py"));
  await Bun.write(main, (await main.text()).replace('"hello"', '"good day"'));
  expect(await onTerminal(["deploy", "hello"])).toContain("Running: hello, version 2 (");
  expect((await cli(["invoke", "hello", '{"name": "Ada"}'])).out).toBe('{"good day":"Ada"}\n');
  expect(performance.now() - began).toBeLessThan(NEWCOMER_MS);
});

test("what an operator asks of the agent", async () => {
  expect((await cli(["logs", "hello"])).out).toContain("asked by Ada\n");
  expect((await cli(["ps", "--json"])).out).toContain('"agent_id":"hello"');
  expect((await cli(["show", "hello"])).out).toContain("handler in main.py is a function");
  expect((await cli(["top"])).out).toMatch(/hello +running +\d+ MiB/);
  // It gives up where the runner does not answer at once.
  await eventually(async () => expect((await cli(["complete", "--", "logs", "he"])).out).toBe("hello\t\n"));

  expect((await cli(["stop", "hello"])).status).toBe(0);
  const refused = await cli(["invoke", "hello"]);
  expect(refused.status).toBe(1);
  expect(refused.err).toContain("Start it with: oken-runner start");
  expect((await cli(["start", "hello"])).status).toBe(0);
  expect((await cli(["rollback", "hello"])).err).toContain("Running: hello, version 1\n");
  expect((await cli(["invoke", "hello", '{"name": "Ada"}'])).out).toBe('{"hello":"Ada"}\n');
});

test("secrets are set without their value on a line, and outlive a deploy that does not name them", async () => {
  const main = `import os\n\ndef handler(input):\n    return os.environ.get("KEY", "none")\n`;
  await Bun.write(join(home, "hello/main.py"), main);
  const deployed = await cli(["deploy", "hello", "--secret", "KEY"], { KEY: "from the environment" });
  expect(deployed.out).toBe(`${runner.url}/invoke/hello\n`);
  await cli(["secrets", "set", "hello", "OTHER"], { OTHER: "x" });
  expect((await cli(["secrets", "list", "hello"])).out).toBe("KEY\nOTHER\n");
  await Bun.write(join(home, "hello/main.py"), `${main}# changed\n`);
  expect((await cli(["deploy", "hello"])).err).not.toContain("warning");
  expect((await cli(["invoke", "hello"])).out).toBe("from the environment\n");
  await cli(["secrets", "unset", "hello", "KEY"]);
  expect((await cli(["invoke", "hello"])).out).toBe("none\n");
});

test("deploy --watch deploys again when a file changes", async () => {
  const child = Bun.spawn([BINARY, "deploy", "hello", "--watch", "--no-build-log"], {
    cwd: home,
    env: { ...process.env, OKEN_URL: runner.url },
    stdout: "ignore",
    stderr: "pipe",
  });
  let said = "";
  void child.stderr.pipeTo(
    new WritableStream({ write: (piece) => void (said += new TextDecoder().decode(piece)) }),
  );
  try {
    await eventually(() => expect(said).toContain("Watching hello"));
    await Bun.write(join(home, "hello/main.py"), "def handler(input):\n    return 'watched'\n");
    await eventually(() =>
      expect(said).toMatch(/main\.py changed\..*Running: hello, version \d+ \(\d.*Watching/s),
    );
    expect((await cli(["invoke", "hello"])).out).toBe("watched\n");
  } finally {
    child.kill();
    await child.exited;
  }
});

test("a deploy that fails ends with its reason; the agent goes on until it is removed", async () => {
  await Bun.write(join(home, "hello/main.py"), "import nonsense\n\ndef handler(input): ...\n");
  const failed = await cli(["deploy", "hello"]);
  expect({ status: failed.status, out: failed.out }).toEqual({ status: 1, out: "" });
  expect(failed.err).toContain("ModuleNotFoundError: No module named 'nonsense'");
  expect((await cli(["invoke", "hello"])).out).toBe("watched\n");
  expect((await cli(["rm", "hello", "--yes"])).status).toBe(0);
  expect((await cli(["show", "hello"])).status).toBe(5);
});

test("a deploy whose connection is reset ends with what it came to", async () => {
  using proxy = await startCuttingProxy(runner.url, '"phase":"building"');
  await cli(["init", "lost"]);
  const { status, out, err } = await cli(["deploy", "lost"], { OKEN_URL: proxy.url });
  expect({ status, out, cuts: proxy.cuts() }).toEqual({
    status: 0,
    out: `${proxy.url}/invoke/lost\n`,
    cuts: 1,
  });
  expect(err).toContain("warning: the connection was lost");
  // Nothing is told twice, or left out.
  const phases = err.split("\n").filter((line) => /^(received|building|starting|ready)$/.test(line));
  expect(phases).toEqual(["received", "building", "starting", "ready"]);
  expect(err).toContain("Running: lost, version 1 (");

  using silent = await startCuttingProxy(runner.url, "HTTP/1.1 200", { keepsBack: true });
  const again = await cli(["deploy", "lost"], { OKEN_URL: silent.url });
  expect({ status: again.status, cuts: silent.cuts() }).toEqual({ status: 0, cuts: 1 });
  expect(again.err).toContain("warning: the connection was lost before the runner answered");
  // Sent twice, it was one deploy.
  const { body } = await runner.request("GET", "/agents/lost/deployments");
  expect(body).toMatchObject({ deployments: [{ deployment: 2 }, { deployment: 1 }] });
});

test(
  "--help and ps answer within 100 ms of a quiet machine",
  async () => {
    for (const args of [["--help"], ["ps"]]) {
      const shares: number[] = [];
      for (let run = 0; run < 5; run++) {
        const bar = await barNow(100);
        const began = performance.now();
        await cli(args);
        shares.push((performance.now() - began) / bar);
      }
      // The machine may be busy with other tests.
      expect(Math.min(...shares)).toBeLessThan(1);
    }
  },
  MEASURED,
);

test("a reader who has enough, as head has, ends a command quietly", async () => {
  const shell = Bun.spawn(["bash", "-c", '"$0" help serve | head -1', BINARY], {
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await shell.stdout.text()).toBe("Usage: oken-runner serve [options]\n");
  expect(await shell.stderr.text()).toBe("");
});

test(
  "100 MB are sent with less than 64 MiB of memory",
  async () => {
    const block = crypto.getRandomValues(new Uint8Array(65_536));
    const part = Buffer.concat(Array.from({ length: 400 }, () => block));
    await using tree = await temporaryTree({
      "oken.toml": 'name = "Large"',
      a: part,
      b: part,
      c: part,
      d: part,
    });
    const sent = Promise.withResolvers<{ bytes: number; peak: number }>();
    await using sink = Bun.serve({
      port: 0,
      maxRequestBodySize: 1024 * MiB,
      async fetch(request) {
        let bytes = 0;
        for await (const piece of request.body ?? []) bytes += piece.byteLength;
        sent.resolve({ bytes, peak: await peakMemory(child.pid) });
        return eventsAnswer([["result", DEPLOYED]]);
      },
    });
    const child = Bun.spawn([BINARY, "deploy", tree.path, "--id", "large", "--url", sink.url.href], {
      stdout: "ignore",
      stderr: "ignore",
    });
    expect(await child.exited).toBe(0);
    const { bytes, peak } = await sent.promise;
    expect(bytes).toBeGreaterThan(100 * MiB);
    expect(peak).toBeLessThan(64 * MiB);
  },
  MEASURED,
);

/** The most that a process had in memory so far, the pages of its executable included, bytes. */
async function peakMemory(pid: number): Promise<number> {
  const kibibytes = /VmHWM:\s+(\d+) kB/.exec(await Bun.file(`/proc/${pid}/status`).text())?.[1];
  return Number(kibibytes) * 1024;
}
