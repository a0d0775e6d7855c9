import { scratchDirectory } from "../../fixtures/archives/scratch.ts";
import { type Answers, expectAnswers, happen } from "./incidents.ts";
import { expectOrder, untilCalm } from "./invariants.ts";
import { type Life, type Outcome, createLife, restart } from "./life.ts";
import { type Plan, granted, planOf } from "./requests.ts";
import type { Incident, Request, Step } from "./steps.ts";

/** Plays the steps one after the other, in a world of their own. Throws at the first after which something is not right. */
export async function play(steps: readonly Step[]): Promise<void> {
  await using scratch = await scratchDirectory();
  const life = await createLife(scratch.path());
  try {
    for (const [before, step] of steps.entries()) {
      try {
        await expectOrder(life, await take(life, step));
      } catch (error) {
        const where = `step ${before + 1}, ${JSON.stringify(step)}`;
        throw new Error(`${where}: ${String(error)}`, { cause: error });
      }
    }
    await expectAnswers(life, () => happen(life, { do: "storm", calls: 2 }));
  } finally {
    life.runner.kill();
  }
}

/** Gives what the agent may be now. */
async function take(life: Life, step: Step): Promise<Outcome[]> {
  if (step.do === "meet") return meet(life, step);
  if (isRequest(step)) return ask(life, step);
  if (step.do === "invoke" || step.do === "storm") await expectAnswers(life, () => happen(life, step));
  else await happen(life, step);
  return [life.outcome];
}

async function ask(life: Life, request: Request): Promise<Outcome[]> {
  const { outcome: before } = life;
  if (request.do === "restart") await restart(life);
  else {
    const plan = await planOf(life, request);
    const isGranted = await granted(plan.act(life.runner));
    if (isGranted !== plan.isGranted) throw new Error(isGranted ? "it was granted" : "it was refused");
    if (isGranted) return [plan.after(before)];
  }
  return [before];
}

/** Somebody comes in between, or the runner dies. */
async function meet(life: Life, step: Extract<Step, { do: "meet" }>): Promise<Outcome[]> {
  const { request, at, with: met } = step;
  const { outcome: before, runner } = life;
  if (request.do === "restart") {
    await restart(life, met === "kill -9" ? at : undefined);
    return [before];
  }
  const plan = await planOf(life, request);
  const second =
    met !== "kill -9" && isRequest(met) && met.do !== "restart" ? await planOf(life, met) : undefined;
  const beside: Promise<boolean | Answers>[] = [];
  runner.surprises.set(at, () => {
    if (second !== undefined) beside.push(granted(second.act(runner)));
    else if (met === "kill -9" || isRequest(met)) runner.kill();
    else {
      const happening = happen(life, met);
      beside.push(happening);
      // What is done by hand has been told when the runner goes on.
      if ("to" in met) return happening.then(() => runner.clock.advance(1));
    }
    return undefined;
  });
  const dead = runner.died.then(() => undefined);
  const isGranted = await Promise.race([granted(plan.act(runner)), dead]);
  // The step may come after the answer.
  const isCalm = await Promise.race([untilCalm(runner).then(() => true), dead]);
  const isSecond = await Promise.race([Promise.all(beside), dead]);
  runner.surprises.clear();
  if (isCalm === undefined) await restart(life);
  const first = outcomesOf(before, { plan, isGranted });
  if (second === undefined || beside.length === 0) return first;
  // What is older than what the first request left was not known when the second one came.
  if (met !== "kill -9" && met.do === "rollback") return [...first, ...everDeployed(life)];
  return first.flatMap((it) => outcomesOf(it, { plan: second, isGranted: isSecond?.includes(true) }));
}

function everDeployed({ deployed }: Life): Outcome[] {
  return [...deployed.keys()].map((content) => ({ state: "serves", content }));
}

/** Of a request that was granted, refused, or cut off: undefined. */
function outcomesOf(
  before: Outcome,
  { plan, isGranted }: { plan: Plan; isGranted: boolean | undefined },
): Outcome[] {
  if (isGranted === false) return [before];
  return isGranted === true ? [plan.after(before)] : [before, plan.after(before)];
}

function isRequest(step: Incident | Request): step is Request {
  return ["deploy", "redeploy", "stop", "start", "rollback", "remove", "restart"].includes(step.do);
}
