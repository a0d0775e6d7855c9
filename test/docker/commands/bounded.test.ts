import { describe, expect, test } from "bun:test";

import { MAX_COMMANDS, MAX_STOPS, bounded } from "../../../src/docker/commands/bounded.ts";
import { PING_ARGS } from "../../../src/docker/commands/caution.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { turns } from "../../helpers/turns.ts";

const AGENTS = 200;

/** Of the event loop: enough for a command to begin after another has ended. */
const TURNS = 10;

/** Commands that run until they are let go. */
function createSlowExec() {
  const running: { args: string[]; end: (error?: Error) => void }[] = [];
  const exec: DockerExec = {
    run(args) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const own = {
        args,
        end(error?: Error) {
          running.splice(running.indexOf(own), 1);
          if (error === undefined) resolve(args.join(" "));
          else reject(error);
        },
      };
      running.push(own);
      return promise;
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  return { exec: bounded(exec), running, names: () => running.map(({ args }) => args.join(" ")) };
}

const many = (exec: DockerExec, command: string) =>
  Array.from({ length: AGENTS }, (_, at) => exec.run([command, String(at)]));

describe("of commands for hundreds of agents", () => {
  test("a bounded number runs at once, and all of them in their order", async () => {
    const { exec, running, names } = createSlowExec();
    const all = many(exec, "start");
    const begun: string[] = [];
    while (begun.length < AGENTS) {
      await turns(TURNS);
      expect(running.length).toBeLessThanOrEqual(MAX_COMMANDS);
      begun.push(...names());
      for (const { end } of [...running]) end();
    }
    expect(await Promise.all(all)).toEqual(begun);
  });

  test("one that fails gives its turn to the next", async () => {
    const { exec, running } = createSlowExec();
    const all = Promise.allSettled(many(exec, "start"));
    for (let left = AGENTS; left > 0; left -= MAX_COMMANDS) {
      await turns(TURNS);
      for (const { end } of [...running]) end(new Error("no"));
    }
    expect((await all).filter(({ status }) => status === "rejected")).toHaveLength(AGENTS);
  });

  test("one whose caller leaves never begins, and keeps no turn", async () => {
    const { exec, running, names } = createSlowExec();
    const first = many(exec, "start").slice(0, MAX_COMMANDS);
    const caller = new AbortController();
    const left = exec.run(["left"], { signal: caller.signal });
    caller.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    while (running.length > 0) {
      for (const { end } of [...running]) end();
      await turns(TURNS);
      expect(names()).not.toContain("left");
    }
    await Promise.all(first);
    const next = exec.run(["next"]);
    await turns(TURNS);
    running[0]?.end();
    expect(await next).toBe("next");
  });
});

test("stops, which wait for agents, hold up no starts; a look at the engine waits for nobody", async () => {
  const { exec, names } = createSlowExec();
  void many(exec, "stop");
  void exec.run(["start", "one"]);
  for (let at = 0; at < MAX_COMMANDS; at += 1) void exec.run(["inspect"]);
  void exec.run(PING_ARGS);
  void exec.run(["--list"], { tool: "iptables" });
  void exec.run(["prune"], { program: "docker-buildx" });
  await turns(TURNS);
  const running = names();
  expect(running.filter((it) => it.startsWith("stop "))).toHaveLength(MAX_STOPS);
  expect(running).toContain("start one");
  expect(running).toContain(PING_ARGS.join(" "));
  expect(running).toContain("--list");
  expect(running).toContain("prune");
});
