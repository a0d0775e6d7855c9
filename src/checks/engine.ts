import type { Engine } from "../docker/types.ts";
import type { EngineOffers } from "../model/engine-offers.ts";
import type { Check, Result } from "./check.ts";

/** The first engine that builds with BuildKit by itself. */
const OLDEST_ENGINE = 23;

/** Whether the engine answers at all. */
export function engineCheck(engine: Pick<Engine, "ping">): Check {
  return {
    name: "engine",
    async look() {
      await engine.ping();
      return { state: "ok", found: "The engine answers" };
    },
  };
}

/** What the engine and the docker CLI must have. While the engine is away nobody knows. */
export function engineRequirements(engine: Pick<Engine, "offers">, runtime: string | undefined): Check[] {
  let asking: Promise<EngineOffers | undefined> | undefined;
  // Those that look at the same time share one answer.
  const ask = () =>
    (asking ??= engine
      .offers()
      .catch(() => undefined)
      .finally(() => (asking = undefined)));
  const check = (name: string, judge: (offers: EngineOffers) => Result): Check => ({
    name,
    async look() {
      const offers = await ask();
      return offers === undefined ? { state: "unknown", found: "The engine does not answer" } : judge(offers);
    },
  });
  return [
    check("engine-version", judgeVersion),
    check("buildx", judgeBuildx),
    check("runtime", (offers) => judgeRuntime(offers, runtime)),
  ];
}

function judgeVersion({ version }: EngineOffers): Result {
  const major = /^\d+/.exec(version)?.[0];
  if (major === undefined || Number(major) >= OLDEST_ENGINE)
    return { state: "ok", found: `Docker Engine ${version}` };
  return {
    state: "failed",
    found: `Docker Engine ${version} is too old`,
    advice: `upgrade it to ${OLDEST_ENGINE} or later`,
  };
}

function judgeBuildx({ hasBuildx }: EngineOffers): Result {
  if (hasBuildx) return { state: "ok", found: "The docker CLI has its buildx plugin" };
  return {
    state: "failed",
    found: "The docker CLI has no buildx plugin, which builds the agents' images",
    advice: "install docker-buildx (docker-buildx-plugin in Docker's own packages)",
  };
}

function judgeRuntime({ runtimes }: EngineOffers, runtime: string | undefined): Result {
  if (runtime === undefined) return { state: "ok", found: "Agents run in the engine's default runtime" };
  if (runtimes.includes(runtime)) return { state: "ok", found: `The engine has the runtime ${runtime}` };
  // Such a name is a program of containerd's, which the engine does not list.
  if (runtime.startsWith("io.containerd."))
    return { state: "unknown", found: `The engine does not say whether it has the runtime ${runtime}` };
  return {
    state: "failed",
    found: `OKEN_CONTAINER_RUNTIME is ${JSON.stringify(runtime)}, but the engine has only ${runtimes.join(", ")}`,
    advice: "name one of those, or add it to the engine's daemon.json",
  };
}
