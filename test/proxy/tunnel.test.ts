import { expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";

import { createSlowReaders } from "../../src/proxy/slow-readers.ts";
import { type Tunnel, createTunnel } from "../../src/proxy/tunnel.ts";

/** The side of an agent that says whether it is paused, and the side of a caller whose buffer a test sets. */
function fixture() {
  const agent = Object.assign(new EventEmitter(), {
    isPaused: false,
    bufferedAmount: 0,
    heard: [] as string[],
    ping: (data: Buffer) => void agent.heard.push(`ping ${data.toString()}`),
    pong: (data: Buffer) => void agent.heard.push(`pong ${data.toString()}`),
    pause() {
      this.isPaused = true;
    },
    resume() {
      this.isPaused = false;
    },
  });
  const caller = {
    sent: [] as string[],
    buffered: 0,
    send(data: string) {
      this.sent.push(data);
      return this.buffered === 0 ? data.length : -1;
    },
    isGone: false,
    ping: (data: Buffer) => void caller.sent.push(`ping ${data.toString()}`),
    terminate() {
      this.isGone = true;
    },
    getBufferedAmount() {
      return this.buffered;
    },
  };
  // oxlint-disable typescript/no-unsafe-type-assertion -- all that is called of them here
  const tunnel = createTunnel({
    agent: agent as unknown as WebSocket,
    maxMessageBytes: 1,
    explain: async () => "",
  });
  const slow = createSlowReaders(5_000);
  return {
    agent,
    caller,
    tunnel,
    open: (those = slow) => tunnel.opened(caller as unknown as ServerWebSocket<Tunnel>, those),
  };
}

const say = (agent: EventEmitter, text: string) => agent.emit("message", Buffer.from(text), false);

test("an agent is read when its caller is there, and its earlier messages come first", () => {
  const { agent, caller, open } = fixture();
  expect(agent.isPaused).toBe(true);
  say(agent, "early");
  open();
  expect(agent.isPaused).toBe(false);
  say(agent, "later");
  expect(caller.sent).toEqual(["early", "later"]);
});

test("an agent is read again when its caller has received everything, and not before", () => {
  const { agent, caller, tunnel, open } = fixture();
  open();
  caller.buffered = 1000;
  say(agent, "too much");
  expect(agent.isPaused).toBe(true);
  caller.buffered = 500;
  tunnel.drained();
  expect(agent.isPaused).toBe(true);
  caller.buffered = 0;
  tunnel.drained();
  expect(agent.isPaused).toBe(false);
});

test("an agent that sent too much before its caller was there is read when that is sent", () => {
  const { agent, caller, tunnel, open } = fixture();
  caller.buffered = 1000;
  say(agent, "early");
  open();
  expect(agent.isPaused).toBe(true);
  caller.buffered = 0;
  tunnel.drained();
  expect(agent.isPaused).toBe(false);
});

test("pings and pongs go to a side that takes what comes, and not behind what waits for it", () => {
  const { agent, caller, tunnel, open } = fixture();
  open();
  for (const waiting of [0, 100_000]) {
    agent.bufferedAmount = caller.buffered = waiting;
    tunnel.ping(Buffer.from("a"));
    tunnel.pong(Buffer.from("b"));
    agent.emit("ping", Buffer.from("c"));
  }
  expect(agent.heard).toEqual(["ping a", "pong b"]);
  expect(caller.sent).toEqual(["ping c"]);
});

test("where too much waits for slow readers together, those who fell behind first are let go", () => {
  const slow = createSlowReaders(5_000);
  const tunnels = Array.from({ length: 5 }, fixture);
  for (const { agent, caller, open } of tunnels) {
    open(slow);
    caller.buffered = 2_000;
    say(agent, "long");
  }
  const gone = () => tunnels.map(({ caller }) => caller.isGone);
  expect(gone()).toEqual([true, true, true, false, false]);
  const [, , , caught, behind] = tunnels;
  if (caught === undefined || behind === undefined) throw new Error("there are five");
  caught.caller.buffered = 0;
  caught.tunnel.drained();
  caught.caller.buffered = 3_500;
  say(caught.agent, "long");
  expect(gone()).toEqual([true, true, true, false, true]);
});
