import { RunnerError } from "../../../src/lib/errors.ts";
import type { Mortal } from "../../helpers/mortal-runner.ts";
import { BROKEN_MEMORY, type Life, type Outcome, contentOf } from "./life.ts";
import { KINDS, type Kind, type Request } from "./steps.ts";

/** A request, and what it should come to. */
export type Plan = {
  act: (runner: Mortal) => Promise<unknown>;
  /** Of an agent that is in the state before, when the request was granted. */
  after: (before: Outcome) => Outcome;
  /** Whether it is, when nothing comes in between. */
  isGranted: boolean;
};

/** To be made when the state before is known, or for a request that comes while another one is under way. */
export async function planOf(life: Life, request: Request): Promise<Plan> {
  const { outcome } = life;
  const isThere = outcome.state !== "gone";
  switch (request.do) {
    case "deploy":
      return deployOf(life, request);
    case "redeploy": {
      const kind = isThere ? life.deployed.get(outcome.content) : undefined;
      return isThere && kind !== undefined
        ? deployed(outcome.content, { kind, isBroken: false })
        : deployOf(life, { kind: "plain", isBroken: false });
    }
    case "stop":
      return {
        act: (runner) => runner.stop(),
        after: (before) => (before.state === "gone" ? before : { ...before, state: "stopped" }),
        isGranted: isThere,
      };
    case "start":
      return {
        act: (runner) => runner.start(),
        after: (before) => (before.state === "gone" ? before : { ...before, state: "serves" }),
        isGranted: isThere,
      };
    case "remove":
      life.isRemoval = true;
      return { act: (runner) => runner.remove(), after: () => ({ state: "gone" }), isGranted: isThere };
    case "rollback":
    case "restart":
      break;
  }
  if (request.do === "restart") throw new Error("a restart is asked of nobody");
  return rollbackOf(life);
}

async function rollbackOf({ runner }: Life): Promise<Plan> {
  const record = runner.parts.registry.find("echo")?.record;
  const older = record?.versions.findLast((it) => it < record.current_version);
  const content = older === undefined ? undefined : await contentOf(runner, older);
  return {
    act: (it) => it.rollback(),
    after: (before) => (content === undefined ? before : { state: "serves", content }),
    isGranted: content !== undefined,
  };
}

/** Whether it was granted. Refusals are errors of the closed set; any other error is a fault. */
export async function granted(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (error instanceof RunnerError && error.code !== "INTERNAL") return false;
    throw error;
  }
}

function deployOf({ deployed: known }: Life, of: { kind: Kind; isBroken: boolean }): Plan {
  const content = `content-${known.size}`;
  known.set(content, of.kind);
  return deployed(content, of);
}

function deployed(content: string, { kind, isBroken }: { kind: Kind; isBroken: boolean }): Plan {
  const keys = `${isBroken ? `memory = ${BROKEN_MEMORY}\n` : ""}${KINDS[kind]}`;
  return {
    act: (runner) => runner.deploy(content, { keys }),
    after: (before) => (isBroken ? before : { state: "serves", content }),
    isGranted: !isBroken,
  };
}
