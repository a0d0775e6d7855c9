import { expect, test } from "bun:test";

import { createEventWindow, eventSize } from "../../../src/docker/thread/event-window.ts";
import type { BuildEvent } from "../../../src/docker/types.ts";

const line = (text: string): BuildEvent => ({ type: "log", line: text });
const step: BuildEvent = { type: "step", name: "[final]", status: "started" };

test("lines that are taken as they come all pass", () => {
  const sent: BuildEvent[] = [];
  const window = createEventWindow((event) => sent.push(event));
  for (let number = 0; number < 10_000; number++) {
    window.add(line(`${number}`));
    window.credit(eventSize(line(`${number}`)));
  }
  expect(sent.length).toBe(10_000);
});

test("lines that nobody takes are left out and counted, and steps pass", () => {
  const sent: BuildEvent[] = [];
  const window = createEventWindow((event) => sent.push(event));
  const long = line("x".repeat(16_000));
  for (let number = 0; number < 100; number++) window.add(long);
  const kept = sent.length;
  expect(kept).toBeWithin(10, 20);
  window.add(step);
  expect(sent.slice(kept)).toEqual([line(`[${100 - kept} lines left out: they came too fast]`), step]);
  for (const event of sent) window.credit(eventSize(event));
  window.add(long);
  expect(sent.at(-1)).toEqual(long);
});
