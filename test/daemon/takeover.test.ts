import { expect, test } from "bun:test";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Incumbent, awaitSuccessor, reportUses } from "../../src/daemon/takeover/incumbent.ts";
import type { Uses } from "../../src/daemon/takeover/messages.ts";
import { findPredecessor } from "../../src/daemon/takeover/predecessor.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { eventually } from "../helpers/eventually.ts";

const PLACE = { host: "127.0.0.1", port: 8000 };
const log = createLog({ level: "fatal", format: "json", destination: { write: () => undefined } });

/** A runner that serves, with a directory of its own, and what happened to it. */
async function serving({ timeoutMs = 10_000 } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "oken-takeover-"));
  const lock = await open(join(dataDir, "lock"), "a");
  const happened: string[] = [];
  const state: { work: string | undefined; uses: Uses } = { work: undefined, uses: { box: 2 } };
  const incumbent: Incumbent = {
    place: PLACE,
    hold: () => void happened.push("hold"),
    work: () => state.work,
    suspend: async () => void happened.push("suspend"),
    resume: () => void happened.push("resume"),
    descriptors: async () => ({ lock: lock.fd, socket: lock.fd }),
    yours: () => ({ pid: 1, port: 8000, runs: ["run"], uses: state.uses }),
    uses: () => state.uses,
    leave: async (requests) => void happened.push(`leave to ${requests}`),
  };
  const options = { dataDir, clock: systemClock, log, timeoutMs, hasTakenOver: false };
  const waiting = await awaitSuccessor(incumbent, options);
  return {
    ...{ dataDir, happened, state, over: waiting.over },
    async find() {
      const found = await findPredecessor(dataDir);
      if (found === undefined) throw new Error("no runner was found");
      return found;
    },
    async [Symbol.asyncDispose]() {
      await waiting[Symbol.asyncDispose]();
      await lock.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

test("a new process gets lock, socket and what is inside, and is told until nothing is", async () => {
  await using old = await serving();
  await using before = await old.find();
  const { lock, socket, ...rest } = await before.take(PLACE);
  expect([lock, socket].every((fd) => Number.isInteger(fd))).toBe(true);
  expect(rest).toEqual({ pid: 1, port: 8000, runs: ["run"], uses: { box: 2 } });
  expect(await before.succeed("/path")).toEqual({ box: 2 });
  expect(old.happened).toEqual(["hold", "suspend", "leave to /path"]);

  const told: Uses[] = [];
  const attended = before.attend((uses) => told.push(uses));
  old.state.uses = {};
  let isOver = false;
  const reported = reportUses(await old.over, {
    uses: () => old.state.uses,
    isOver: () => isOver,
    clock: systemClock,
  });
  await eventually(async () => expect(told).toEqual([{}]));
  isOver = true;
  await Promise.all([reported, attended]);
  expect(await findPredecessor(old.dataDir)).toBeUndefined();
});

test("work under way is finished before anything is handed over", async () => {
  await using old = await serving();
  old.state.work = "a deploy is under way";
  await using before = await old.find();
  const taken = before.take(PLACE);
  await eventually(async () => expect(old.happened).toEqual(["hold"]));
  old.state.work = undefined;
  expect((await taken).pid).toBe(1);
  expect(old.happened).toEqual(["hold", "suspend"]);
});

test("a runner whose work does not end goes on, and says why", async () => {
  await using old = await serving({ timeoutMs: 0 });
  old.state.work = "a deploy is under way";
  await using before = await old.find();
  await expect(before.take(PLACE)).rejects.toThrow("did not hand over: a deploy is under way.");
  expect(old.happened).toEqual(["hold", "resume"]);
});

test("a new process that dies before it can serve leaves the runner as it was, for the next one", async () => {
  await using old = await serving();
  {
    await using failing = await old.find();
    await failing.take(PLACE);
  }
  await eventually(async () => expect(old.happened).toEqual(["hold", "suspend", "resume"]));
  await using next = await old.find();
  expect((await next.take(PLACE)).pid).toBe(1);
});

test("who listens elsewhere gets no socket", async () => {
  await using old = await serving();
  await using before = await old.find();
  expect((await before.take({ host: "127.0.0.1", port: 9000 })).socket).toBeUndefined();
});

test("of two processes that take over at once one is refused", async () => {
  await using old = await serving();
  await using first = await old.find();
  await first.take(PLACE);
  await using second = await old.find();
  await expect(second.take(PLACE)).rejects.toThrow("another process takes over from it already");
});

test("without a runner there is nothing to take over", async () => {
  await using old = await serving();
  expect(await findPredecessor(join(old.dataDir, "elsewhere"))).toBeUndefined();
});
