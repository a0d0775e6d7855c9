import { expect, test } from "bun:test";
import { execa } from "execa";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { docker } from "../helpers/docker.ts";
import { startRunner } from "../helpers/runner.ts";

const KOSOKU = join(import.meta.dir, "../../.venv/bin/kosoku");

const ECHO = {
  "oken.toml": 'name = "Echo"\nentrypoint = "main:app"\nconcurrency = 100\n',
  "main.py": `async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return await send({"type": "http.response.body", "body": b"well"})
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})
`,
};

/** Sections of the suite. 12 and 13 are about compression, which the runner does not offer. */
const QUICK = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"];
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";
/** Section 9 is about large messages: it sends up to 16 MiB. */
const SECTIONS = isLong ? [...QUICK, "9.*"] : QUICK;

type Outcome = { behavior: string; behaviorClose: string; remoteCloseCode: number | null };

test(
  "the Autobahn test suite finds the same through the runner as straight at the agent, and no fault",
  async () => {
    await using runner = await startRunner();
    expect(await runner.deploy("echo", ECHO)).toMatchObject({ status: 200 });
    const [container = ""] = await runner.containers();
    const inspect = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const [address = ""] = await docker(["inspect", "--format", inspect, container]);

    const [straight, through] = await Promise.all([
      outcomes(`ws://${address}:8080/`),
      outcomes(`${runner.url.replace("http", "ws")}/invoke/echo/`),
    ]);
    expect(Object.keys(through).length).toBeGreaterThan(240);
    for (const [name, { remoteCloseCode, ...found }] of Object.entries(straight))
      // Where the agent's server breaks the connection off, the runner says why in a close frame.
      expect({ name, ...through[name] }).toMatchObject({
        name,
        ...found,
        ...(remoteCloseCode !== null && { remoteCloseCode }),
      });
    const faults = Object.entries(through).filter(
      ([, { behavior, behaviorClose }]) => !isRight(behavior) || !isRight(behaviorClose),
    );
    expect(faults).toEqual([]);
  },
  isLong ? 280_000 : 60_000,
);

/** What the suite finds at an address, by case. */
async function outcomes(url: string): Promise<Record<string, Outcome>> {
  const directory = await mkdtemp(join(tmpdir(), "oken-autobahn-"));
  try {
    const include = SECTIONS.flatMap((section) => ["--include", section]);
    await execa(KOSOKU, ["--parallelism", "10", ...include, "--outdir", directory, url], { reject: false });
    const report: Record<string, Record<string, Outcome>> = await Bun.file(
      join(directory, "index.json"),
    ).json();
    const [cases = {}] = Object.values(report);
    return Object.fromEntries(Object.entries(cases).map(([name, outcome]) => [name, essence(outcome)]));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/**
 * `NON-STRICT` is right too. A message before a broken frame may be answered before the connection is closed for that,
 * or not: through the runner it has further to go.
 */
function essence({ behavior, behaviorClose, remoteCloseCode }: Outcome): Outcome {
  return { behavior: behavior === "NON-STRICT" ? "OK" : behavior, behaviorClose, remoteCloseCode };
}

function isRight(behavior: string): boolean {
  return ["OK", "INFORMATIONAL"].includes(behavior);
}
