import type { Engine } from "../docker/types.ts";
import { RunnerError, messageOf } from "../lib/errors.ts";
import type { Check, Result } from "./check.ts";

/** Whether the registry of the agents' images can be used. */
export function registryCheck(engine: Pick<Engine, "registryOffers">): Check {
  return { name: "registry", look: () => engine.registryOffers().then(judge, explain) };
}

function judge(offers: Awaited<ReturnType<Engine["registryOffers"]>>): Result {
  if (offers === undefined) return { state: "ok", found: "The agents' images stay on this host" };
  const { address, removes } = offers;
  if (removes) return { state: "ok", found: `The registry ${address} answers` };
  return {
    state: "ok",
    found: `The registry ${address} does not let the runner remove images`,
    advice: "allow it (REGISTRY_STORAGE_DELETE_ENABLED=true of Docker's registry), or clean it yourself",
  };
}

/** One that is away comes back by itself, and agents run on meanwhile. */
function explain(error: unknown): Result {
  const found = messageOf(error).replace(/\.$/, "");
  const isAway = error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE";
  if (!isAway) return { state: "failed", found };
  return { state: "unknown", found: found.split(". ")[0] ?? found, advice: "deploys fail until it is back" };
}
