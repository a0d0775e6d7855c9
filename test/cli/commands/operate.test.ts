import { expect, test } from "bun:test";

import { API_SCHEMAS } from "../../../src/model/api.ts";
import { runInProcess } from "../../helpers/cli.ts";
import { DEPLOYED, eventsAnswer, fakeRunner } from "../../helpers/fake-runner.ts";

const [DETAIL] = API_SCHEMAS.AgentDetail.examples;
const [STATS] = API_SCHEMAS.StatsList.examples;
const [PRUNED] = API_SCHEMAS.PruneReport.examples;
const STOPPED = { agent_id: "echo", status: "stopped" };

type Surroundings = Parameters<typeof runInProcess>[2];

async function run(args: string[], surroundings: Surroundings = {}) {
  using runner = fakeRunner({
    "GET /agents": () => Response.json({ agents: [DETAIL] }),
    "GET /stats": () => Response.json(STATS),
    "GET /agents/echo": () => Response.json(DETAIL),
    "DELETE /agents/echo": () => new Response(null, { status: 204 }),
    "POST /stop/echo": () => Response.json(STOPPED),
    "POST /start/echo": () => Response.json(DETAIL),
    "POST /rollback/echo": () => Response.json(DETAIL),
    "POST /disk/prune": () => Response.json(PRUNED),
    "GET /agents/echo/secrets": () => Response.json({ secrets: ["A", "B"] }),
    "PATCH /agents/echo/secrets": () => eventsAnswer([["result", DEPLOYED]]),
  });
  const done = await runInProcess(args, { OKEN_URL: runner.url, KEY: "from-environment" }, surroundings);
  const asked = runner.asked.map(({ method, path, body }) => [method, path, body].join(" ").trim());
  return { ...done, asked, url: runner.url };
}

test.each([
  [["stop", "echo"], "POST /stop/echo", "Stopped: echo\nNext: oken-runner start echo\n"],
  [["start", "echo"], "POST /start/echo", "Running: echo, version 2\n"],
  [["rollback", "echo"], "POST /rollback/echo {}", "Running: echo, version 2\n"],
  [["rollback", "echo", "1"], 'POST /rollback/echo {"version":1}', "Running: echo, version 2\n"],
  [["rollback", "echo", "--version", "1"], 'POST /rollback/echo {"version":1}', "Running: echo, version 2\n"],
  [["rollback", "--version=1", "echo"], 'POST /rollback/echo {"version":1}', "Running: echo, version 2\n"],
  [["rm", "echo", "--yes"], "DELETE /agents/echo", "Removed: echo\n"],
  [
    ["secrets", "set", "echo", "A=1", "KEY"],
    'PATCH /agents/echo/secrets {"A":"1","KEY":"from-environment"}',
    "Running: echo, version 3 (2.2 s)\n",
  ],
])("%j asks for %s", async (args, asked, err) => {
  expect(await run(args)).toMatchObject({ status: 0, out: "", err, asked: [asked] });
});

test.each([
  [["stop", "echo", "--json"], STOPPED],
  [["start", "echo", "--json"], DETAIL],
  [["rollback", "echo", "--json"], DETAIL],
  [["show", "echo", "--json"], DETAIL],
  [["prune", "--json"], PRUNED],
  [["rm", "echo", "--yes", "--json"], { agent_id: "echo", removed: true }],
  [["secrets", "list", "echo", "--json"], { secrets: ["A", "B"] }],
  [["secrets", "unset", "echo", "A", "--json"], DEPLOYED],
])("%j prints JSON alone", async (args, value) => {
  const { status, out, err } = await run(args);
  expect({ status, value: JSON.parse(out), err }).toEqual({ status: 0, value, err: "" });
});

test("prune says what went, what that gave, and what there is now", async () => {
  const { out, err, asked } = await run(["prune", "--dry-run", "--budget", "10g"]);
  expect(asked).toEqual(['POST /disk/prune {"dry_run":true,"budget_bytes":10737418240}']);
  expect(out).toBe("REMOVED                  AGENT  FREES\noken/echo-1f2e3d4c5b:v1  echo   512 MiB\n");
  expect(err).toBe(
    "Freed 512 MiB.\n/var/lib/oken: the runner has 9 GiB and may have 80 GiB; 50 GiB are free.\n",
  );
});

test("prune wants a size", async () => {
  const { status, err, asked } = await run(["prune", "--budget", "much"]);
  expect({ status, asked }).toEqual({ status: 2, asked: [] });
  expect(err).toContain('--budget is "much".\nWrite a number of bytes, such as 512m or 10g.');
});

test("show tells the agent in full, and its tables fit a narrow terminal", async () => {
  const { out, url } = await run(["show", "echo"]);
  expect(out).toStartWith("echo (Echo): running, version 2\n");
  expect(out).toContain(`address  ${url}invoke/echo\n`);
  expect(out).toContain("volumes  /data (20 KiB of 1 GiB)\n");
  expect(out).toContain("limits   512 MiB memory, 1 CPU, 10 at a time, 300 s a call\n");
  const narrow = await run(["show", "echo"], { isTerminal: true, columns: 40 });
  const tables = Bun.stripANSI(narrow.out).split("VERSION  BUILT")[1] ?? "";
  expect(tables).toContain("CONTAINER");
  expect(tables.split("\n").filter((line) => Bun.stringWidth(line) > 40)).toEqual([]);
});

test("show tells an agent's last error in its own words, and a terminal does not obey them", async () => {
  const last_error = {
    ...DETAIL.last_error,
    at: DETAIL.created_at,
    message: "\u001B[2Jno\ntea",
    log: "\u001B[Hx\n",
  };
  using runner = fakeRunner({ "GET /agents/echo": () => Response.json({ ...DETAIL, last_error }) });
  const { out } = await runInProcess(["show", "echo"], { OKEN_URL: runner.url }, { isTerminal: true });
  expect(Bun.stripANSI(out)).toContain(": no\ntea\n  x\n");
  for (const obeyed of ["\u001B[2J", "\u001B[H"]) expect(out).not.toContain(obeyed);
});

test("top shows what agents do and use", async () => {
  const { out } = await run(["top"]);
  expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["ID", "STATE", "MEMORY", "CALLS/S", "P50", "P99", "ERRORS", "INSIDE", "QUEUED"],
    ["echo", "running", "30 MiB", "0.7", "13 ms", "0.2 s", "1", "1", "0"],
    [""],
  ]);
  expect(JSON.parse((await run(["top", "--json"])).out)).toEqual(STATS);
});

test("options of the runner may stand anywhere", async () => {
  using runner = fakeRunner({ "GET /agents/echo/secrets": () => Response.json({ secrets: ["A"] }) });
  const url = ["--url", runner.url];
  const wanted = { status: 0, out: '{"secrets":["A"]}\n', err: "" };
  for (const args of [
    [...url, "--json", "secrets", "list", "echo"],
    ["secrets", ...url, "list", "--json", "echo"],
    ["secrets", "--json", "list", "echo", ...url],
    ["--json", "secrets", ...url, "list", "echo"],
  ])
    expect(await runInProcess(args)).toMatchObject(wanted);
});

test("secrets are listed by name, and only those that are there can be removed", async () => {
  expect((await run(["secrets", "list", "echo"])).out).toBe("A\nB\n");
  const { status, err, asked } = await run(["secrets", "unset", "echo", "A", "C"]);
  expect({ status, asked }).toEqual({ status: 2, asked: ["GET /agents/echo/secrets"] });
  expect(err).toContain("echo has no secret C; it has: A, B.");
  expect(await run(["secrets", "set", "echo"])).toMatchObject({ status: 2, asked: [] });
});

test("rm asks, and does nothing after a no or without a terminal", async () => {
  expect(await run(["rm", "echo"], asking(true))).toMatchObject({
    status: 0,
    asked: ["DELETE /agents/echo"],
  });
  expect(await run(["rm", "echo"], asking(false))).toMatchObject({ status: 1, asked: [] });
  expect(await run(["rm", "echo"])).toMatchObject({ status: 2, asked: [] });
});

test("a backup that is not there is told before anything is made", async () => {
  const { status, err } = await run(["restore", "nowhere.tar.gz"]);
  expect(status).toBe(5);
  expect(err).toMatch(/^oken-runner: there is no file \/.*\/nowhere\.tar\.gz\.\n$/);
});

test("open prints where the agent's own pages are, or the runner's", async () => {
  const { out, url } = await run(["open", "echo"]);
  expect(out).toBe(`${url}\n`);
  expect(await run(["open", "--url", "unix:/run/oken.sock"])).toMatchObject({ status: 2 });
  const without = await run(["open"]);
  expect(without.out).toBe(`${without.url}\n`);
  expect(await run(["open", "--url", "127.0.0.1:1"])).toMatchObject({ status: 3, out: "" });
});

test("an agent that is not there says where to look", async () => {
  const { status, err } = await run(["show", "nobody"]);
  expect(status).toBe(5);
  expect(err).toContain("See which there are: oken-runner ps");
});

function asking(answer: boolean): Surroundings {
  return { input: { isTerminal: true, confirm: () => Promise.resolve(answer) } };
}
