/**
 * The servers of stand-in agents, a process of its own: `bun bench/stand-in-server.ts COUNT` listens on 127.83.0.1 and
 * the addresses after it, and prints a line when it does. `/quiet` is a stream that says nothing after its first
 * event, `/busy` one with an event every 50 ms that holds the time of its writing; every other path is answered at once.
 */
import type { Socket } from "bun";

import { STAND_IN_PORTS, standInAddress } from "./stand-in-address.ts";
import { wallClock } from "./wall-clock.ts";

const BUSY_INTERVAL_MS = 50;

const SMALL = JSON.stringify({ state: "ready", restarts: 0, output: { name: "a name of some length" } });
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${SMALL.length}\r\n\r\n${SMALL}`;
const STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

type State = { timer?: Timer };

function onRequest(socket: Socket<State>, head: string): void {
  const path = head.split(" ", 2)[1];
  if (path !== "/quiet" && path !== "/busy") return void socket.write(ANSWER);
  socket.write(STREAM + event("begun"));
  if (path === "/busy")
    socket.data.timer = setInterval(() => socket.write(event(String(wallClock()))), BUSY_INTERVAL_MS);
}

/** A chunk with one event. */
function event(data: string): string {
  const text = `data: ${data}\n\n`;
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

const count = Number(process.argv[2]);
for (let index = 0; index < count; index += 1)
  for (const port of STAND_IN_PORTS)
    Bun.listen<State>({
      hostname: standInAddress(index),
      port,
      socket: {
        open(socket) {
          socket.data = {};
        },
        data: (socket, bytes) => onRequest(socket, bytes.toString("latin1")),
        close: (socket) => clearInterval(socket.data.timer),
      },
    });
process.stdout.write("listening\n");
