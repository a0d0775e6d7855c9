import { expect, test } from "bun:test";

import { scratchDirectory } from "../../fixtures/archives/scratch.ts";
import { createFakeEngine } from "../../helpers/fake-engine.ts";
import { startMortal } from "../../helpers/mortal-runner.ts";

/** When the engine is surely back, and a command that was cut off is over, milliseconds. */
const LATER = 12_000;

/** A runner with an agent that serves, and a container that a start of another version has left. */
async function withLeftover() {
  const scratch = await scratchDirectory();
  const engine = createFakeEngine();
  const runner = await startMortal({ directory: scratch.path(), engine });
  await runner.deploy("one");
  const [serving] = engine.containers.values();
  if (serving === undefined) throw new Error("nothing serves");
  const { spec } = serving;
  await engine.startContainer({
    ...spec,
    name: "left",
    identity: { ...spec.identity, version: 7, spec: "other" },
  });
  return {
    ...{ engine, runner, serving: serving.name },
    names: () => [...engine.containers.keys()],
    async [Symbol.asyncDispose]() {
      runner.kill();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

test("what an engine that was away has left goes when it is back, and what serves stays", async () => {
  await using it = await withLeftover();
  await it.runner.clock.advance(LATER);
  expect(it.names()).toContain("left");
  it.engine.goAway();
  await it.runner.clock.advance(LATER);
  it.engine.comeBack();
  await it.runner.clock.advance(LATER);
  expect(it.names()).toEqual([it.serving]);
  expect(it.engine.containers.get(it.serving)?.running).toBe(true);
  expect(await it.runner.invoke()).toBe(1);
});

test("a deploy under way is waited for, and loses nothing", async () => {
  await using it = await withLeftover();
  it.engine.goAway();
  await it.runner.clock.advance(LATER);
  it.engine.comeBack();
  const [begun, deploying] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  it.runner.surprises.set("deploy.started", () => {
    begun.resolve();
    return deploying.promise;
  });
  const deployed = it.runner.deploy("two");
  await begun.promise;
  await it.runner.clock.advance(LATER);
  expect(it.names()).toContain("left");
  deploying.resolve();
  expect(await deployed).toMatchObject({ version: 2 });
  await it.runner.clock.advance(2 * 30_000);
  expect(it.names()).not.toContain("left");
  expect(await it.runner.invoke()).toBe(2);
});
