import { afterAll, beforeAll, expect, test } from "bun:test";

import { HANDLER } from "../helpers/agents.ts";
import { SPEAKER, createLatencies, measureByHand } from "../helpers/latency.ts";
import { MEASURED } from "../helpers/measured.ts";
import { type PackageIndex, startPackageIndex } from "../helpers/package-index.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { type SentEvent, readEvents } from "../helpers/sse.ts";
import { tarball } from "../helpers/tarball.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";

/** Longest median from a line's being printed to its arrival at the caller, milliseconds. */
const LIMIT_MS = 200;

const WHEEL = wheel("oken_dep", "1", {});
const SHA256 = new Bun.CryptoHasher("sha256").update(WHEEL).digest("hex");

/** A package whose build waits until its first line has been seen, and then goes on to speak. */
const SETUP = `import sys, urllib.request
from setuptools import setup
if "bdist_wheel" in sys.argv:
    print("waiting to be seen")
    urllib.request.urlopen("INDEX/simple/oken-seen/", timeout=100).read()
${SPEAKER.replaceAll(/^(?=.)/gm, "    ")}
setup(name="oken_spoken", version="VERSION", py_modules=[])
`;
/** What is built once is kept: each run of the test has a version of its own. */
const SPOKEN = ["1", "2", "3"];

const seen = {
  "/simple/oken-dep/": Promise.withResolvers<void>(),
  "/simple/oken-seen/": Promise.withResolvers<void>(),
};
const hold = async (path: string) => Object.entries(seen).find(([held]) => held === path)?.[1].promise;

let index: PackageIndex;
let runner: TestRunner;
beforeAll(async () => {
  const files: Record<string, Uint8Array<ArrayBuffer>> = { [wheelName("oken_dep", "1")]: WHEEL };
  index = await startPackageIndex(files, { hold });
  files["oken_seen-1.tar.gz"] = await sdist("oken_seen", "1", {});
  const setup = SETUP.replace("INDEX", `http://${index.host}:${index.port}`);
  for (const version of SPOKEN)
    files[`oken_spoken-${version}.tar.gz`] = await sdist("oken_spoken", version, {
      "setup.py": setup.replace("VERSION", version),
    });
  runner = await startRunner({ OKEN_EXTRA_INDEX_URLS: index.url });
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
  index[Symbol.dispose]();
});

/** Deploys, and hands on each line of the build's log as it comes; the last event. */
async function watch(
  agentId: string,
  requirements: string,
  onLine: (line: string) => void,
): Promise<SentEvent | undefined> {
  const form = new FormData();
  form.set("agent_id", agentId);
  const files = { ...HANDLER, "requirements.txt": requirements };
  form.set("tarball", new Blob([await tarball(files)]), "agent.tar.gz");
  const headers = { accept: "text/event-stream" };
  const response = await fetch(`${runner.url}/deploy`, { method: "POST", body: form, headers });
  let last: SentEvent | undefined;
  for await (const event of readEvents(response)) {
    last = event;
    if (event.event === "log") onLine(String(JSON.parse(event.data).line ?? ""));
  }
  return last;
}

test("a line of a step of the image's build is streamed while the step goes on", async () => {
  const last = await watch("image", `oken-dep==1 --hash=sha256:${SHA256}\n`, (line) => {
    if (line.startsWith("Using Python")) seen["/simple/oken-dep/"].resolve();
  });
  expect(last).toMatchObject({ event: "result" });
  expect(index.requests.map(({ path }) => path)).toContain("/simple/oken-dep/");
});

const unspoken = [...SPOKEN];
test(
  "lines of a package that is built from source come as it prints them, the median within 200 ms",
  async () => {
    const image = (process.env["OKEN_PYTHON_IMAGE"] ?? "python:{version}-slim-trixie").replace(
      "{version}",
      "3.12",
    );
    const latencies = createLatencies();
    let byHand: ReturnType<typeof measureByHand> | undefined;
    const last = await watch("spoken", `oken-spoken==${unspoken.shift()}\n`, (line) => {
      latencies.hear(line);
      if (line !== "waiting to be seen") return;
      byHand ??= measureByHand(image);
      seen["/simple/oken-seen/"].resolve();
    });
    expect(last).toMatchObject({ event: "result" });
    const beside = await byHand;
    console.info(
      `build log: median ${latencies.median().toFixed(1)} ms, max ${latencies.max().toFixed(1)} ms`,
    );
    expect(latencies.count()).toBe(beside?.count() ?? 0);
    // What the engine itself needs at this time, on a machine that does other things, is no part of it.
    expect(latencies.median() - (beside?.median() ?? 0)).toBeLessThan(LIMIT_MS);
  },
  MEASURED,
);
