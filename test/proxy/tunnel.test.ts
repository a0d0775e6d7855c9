import { expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";

import { type Tunnel, createTunnel } from "../../src/proxy/tunnel.ts";

/** The side of an agent that says whether it is paused, and the side of a caller whose buffer a test sets. */
function fixture() {
  const agent = Object.assign(new EventEmitter(), {
    isPaused: false,
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
  return { agent, caller, tunnel, open: () => tunnel.opened(caller as unknown as ServerWebSocket<Tunnel>) };
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
