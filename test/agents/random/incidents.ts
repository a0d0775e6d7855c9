import { expect } from "bun:test";

import { whyEnded } from "../../../src/agents/ending/ended.ts";
import { lookForEnd } from "../../../src/agents/ending/end-cause.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import type { Mortal, World } from "../../helpers/mortal-runner.ts";
import type { Life } from "./life.ts";
import type { Incident } from "./steps.ts";

/** How long a call may wait for its answer, milliseconds of the real clock. */
const ANSWER_MS = 20_000;

/** How long nobody calls: after a minute an agent is paused, and after five it sleeps. Milliseconds. */
const UNUSED_MS = { pause: 61_000, sleep: 301_000, "time passes": 1_000 };

/** How long a broken connection may wait until it is known why, milliseconds. */
const KNOWN_MS = 1_500;

/** What calls came to: the version that answered, or why none did. */
export type Answers = (number | RunnerError)[];

/** Has it happen. Gives the answers to the calls in it. */
export async function happen(life: Life, incident: Incident): Promise<Answers> {
  const { runner, world } = life;
  if ("to" in incident) {
    await runner.clock.advance(1);
    byHand(world, incident);
    return [];
  }
  if (incident.do === "invoke") return [await call(life)];
  if (incident.do === "storm") return Promise.all(Array.from({ length: incident.calls }, () => call(life)));
  await runner.unused(UNUSED_MS[incident.do]);
  return [];
}

/** After steps that nothing has come in between of: an agent that should answer does, with the version that serves. */
export async function expectAnswers(life: Life, calls: () => Promise<Answers>): Promise<void> {
  const { outcome, runner } = life;
  const agent = runner.parts.registry.find("echo");
  if (agent?.state === "error" && agent.backoff.waitMs > 0) await runner.clock.advance(agent.backoff.waitMs);
  const answers = await calls();
  const said: unknown[] = answers.map((it) => (it instanceof RunnerError ? it.code : it));
  const wanted = {
    gone: "AGENT_NOT_FOUND",
    stopped: "AGENT_NOT_RUNNING",
    serves: agent?.record.current_version,
  }[outcome.state];
  expect(said).toEqual(answers.map(() => wanted));
}

/** A call as the server makes one: one that has not reached its instance is sent once more. */
async function call(life: Life): Promise<number | RunnerError> {
  const { runner, world } = life;
  try {
    for (let isAgain = false; ; isAgain = true) {
      const slot = await runner.acquire(AbortSignal.timeout(ANSWER_MS));
      const { instance } = slot;
      const container = world.engine.containers.get(instance.container.name);
      const isReached = container?.id === instance.container.id && container.running && !container.paused;
      await turn();
      slot.release();
      if (isReached) return instance.version.version;
      if (isAgain) throw new Error("a call came to a container that does not run, twice");
      await known(runner, instance);
    }
  } catch (error) {
    if (error instanceof RunnerError) return error;
    throw error;
  }
}

async function known({ parts, clock }: Mortal, instance: Parameters<typeof whyEnded>[2]): Promise<void> {
  const look = () => lookForEnd(parts.engine, instance);
  const ended = whyEnded({ ...parts, lookForEnd: look }, parts.registry.get("echo"), instance);
  await clock.advance(KNOWN_MS);
  await ended;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function byHand({ engine }: World, incident: Extract<Incident, { to: number }>): void {
  if (incident.do === "docker rmi") {
    const image = nth([...engine.images.keys()], incident.to);
    if (image !== undefined) engine.images.delete(image);
    return;
  }
  const container = nth([...engine.containers.values()], incident.to);
  if (container === undefined) return;
  const { name, running } = container;
  if (incident.do === "docker rm") void engine.removeContainer(name);
  else if (!running) return;
  else if (incident.do === "exit") engine.exit(name, 1);
  else if (incident.do === "docker kill") engine.kill(name, 9);
  else if (incident.do === "docker pause") engine.pause(name);
  else engine.unpause(name);
}

function nth<T>(all: T[], number: number): T | undefined {
  return all[number % Math.max(1, all.length)];
}
