import { expect, test } from "bun:test";

import { RunnerError } from "../../../src/lib/errors.ts";
import { onceWith } from "../../helpers/once.ts";

test("the same key and content is the same deployment, under way and ended, and leaves no upload", async () => {
  const { once, upload, disposed, deployments } = await onceWith();
  const [first, second] = await Promise.all([once(upload({}), "a-key"), once(upload({}), "a-key")]);
  await first.deployment.done;
  const third = await once(upload({}), "a-key");
  // Which of the two is first is decided by whose content is read first.
  expect(first.isReplay).not.toBe(second.isReplay);
  expect(third.isReplay).toBe(true);
  expect(new Set([first.deployment, second.deployment, third.deployment]).size).toBe(1);
  expect(await deployments.list("echo")).toHaveLength(1);
  expect(disposed).toHaveLength(3);
});

test("another agent, other secrets and another key are other deploys", async () => {
  const { once, upload, deployments } = await onceWith();
  await once(upload({}), "a-key");
  for (const other of [{ agentId: "other" }, { secrets: { A: "1" } }])
    expect(once(upload(other), "a-key")).rejects.toMatchObject({ code: "INVALID_REQUEST", status: 422 });
  expect((await once(upload({}), "b-key")).isReplay).toBe(false);
  expect(await deployments.list("echo")).toHaveLength(2);
});

test("what failed by the fault of the content fails again, and what failed for the moment is begun anew", async () => {
  const failures = [
    new RunnerError("OVERLOADED", "too many builds"),
    new RunnerError("BUILD_FAILED", "no such package"),
  ];
  const { once, upload } = await onceWith(() => Promise.reject(failures.shift() ?? new Error("not asked")));
  const attempt = async () => {
    const { deployment, isReplay } = await once(upload({}), "a-key");
    const code = await deployment.done.then(
      () => "ok",
      (error: RunnerError) => error.code,
    );
    return [code, isReplay];
  };
  expect([await attempt(), await attempt(), await attempt()]).toEqual([
    ["OVERLOADED", false],
    ["BUILD_FAILED", false],
    ["BUILD_FAILED", true],
  ]);
});

test("a key is forgotten after a day, and the oldest of a thousand", async () => {
  const { once, upload, clock } = await onceWith();
  await once(upload({}), "day");
  await clock.advance(25 * 60 * 60 * 1000);
  await once(upload({}), "next");
  expect((await once(upload({}), "day")).isReplay).toBe(false);
  for (let number = 0; number < 1_000; number += 1) await once(upload({}), `key-${number}`);
  expect((await once(upload({}), "next")).isReplay).toBe(false);
  expect((await once(upload({}), "key-999")).isReplay).toBe(true);
});
