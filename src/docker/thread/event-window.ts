import type { BuildEvent } from "../types.ts";

/** Characters of events that are under way before the lines that follow are left out. */
const WINDOW = 256 * 1024;

/** Of an event besides its line. */
const OVERHEAD = 64;

export type EventWindow = {
  add(event: BuildEvent): void;
  /** The reader has taken so many characters. */
  credit(chars: number): void;
};

/**
 * Passes on the events of a build as fast as they are taken. Lines beyond that are left out and counted, so that what
 * a build prints never waits in memory. Steps always pass.
 */
export function createEventWindow(send: (event: BuildEvent) => void): EventWindow {
  let underWay = 0;
  let leftOut = 0;
  const pass = (event: BuildEvent) => {
    underWay += eventSize(event);
    send(event);
  };
  return {
    add(event) {
      if (event.type === "log" && underWay + eventSize(event) > WINDOW) {
        leftOut += 1;
        return;
      }
      if (leftOut > 0) pass({ type: "log", line: `[${leftOut} lines left out: they came too fast]` });
      leftOut = 0;
      pass(event);
    },
    credit(chars) {
      underWay -= chars;
    },
  };
}

export function eventSize(event: BuildEvent): number {
  return OVERHEAD + (event.type === "log" ? event.line.length : event.name.length);
}
