import { expect, test } from "bun:test";

import { createCancel } from "../../src/lib/cancel.ts";

test("listeners are called once, in their order, when the signal already tells why", () => {
  const { signal, cancel } = createCancel();
  const told: unknown[] = [];
  signal.addEventListener("abort", () => told.push(["first", signal.aborted, signal.reason]));
  signal.addEventListener("abort", () => told.push("second"));
  cancel("over");
  cancel("again");
  expect(told).toEqual([["first", true, "over"], "second"]);
  expect(signal.reason).toBe("over");
});

test("a listener that was taken back is not called", () => {
  const { signal, cancel } = createCancel();
  const told: string[] = [];
  const listener = () => void told.push("taken back");
  signal.addEventListener("abort", listener);
  signal.removeEventListener("abort", listener);
  signal.removeEventListener("abort", listener);
  cancel("over");
  expect(told).toEqual([]);
});

test("a listener that takes another back while they are called spares it no call of its own", () => {
  const { signal, cancel } = createCancel();
  const told: string[] = [];
  const second = () => void told.push("second");
  signal.addEventListener("abort", () => signal.removeEventListener("abort", second));
  signal.addEventListener("abort", second);
  cancel("over");
  expect(told).toEqual(["second"]);
});

test("it throws its reason from then on", () => {
  const { signal, cancel } = createCancel();
  signal.throwIfAborted();
  cancel(new Error("over"));
  expect(() => signal.throwIfAborted()).toThrow("over");
});
