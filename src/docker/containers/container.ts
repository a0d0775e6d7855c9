import { createHash } from "node:crypto";

import { Type } from "@sinclair/typebox";

import { RunnerError } from "../../lib/errors.ts";
import { HOST_CAN } from "../abilities.ts";
import { createAgentsCgroup } from "../cgroups/agents-cgroup.ts";
import { linesOf } from "../lines.ts";
import * as args from "./container-args.ts";
import type { ContainedNetworks } from "../networks/contained-networks.ts";
import { createCpuLimits } from "./cpu-limits.ts";
import { type FactsReader, canFilterCalls } from "../engine-facts.ts";
import {
  isAlreadyExists,
  isBeingRemoved,
  isNoSuchObject,
  isNotPaused,
  isPaused,
  undefinedIfNoSuchObject,
} from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { Inspected, toState } from "./inspected.ts";
import { runnerLabels } from "../labels.ts";
import { readJson } from "../read-json.ts";
import type { OwnNames } from "../own-names.ts";
import { steadyLook } from "../steady-look.ts";
import type { Volumes } from "../storage/volumes.ts";
import type {
  ContainerSpec,
  ContainerState,
  ListedContainer,
  RunningContainer,
  Workload,
} from "../workload.ts";

/** Deadline of a start or a stop, which take long while the engine is busy. */
const SLOW_COMMAND_MS = 60_000;

/** Pause between two looks at a removal, milliseconds; it takes a tenth of a second. */
const REMOVAL_PAUSE_MS = 20;

type Containers = Pick<
  Workload,
  | "can"
  | "startContainer"
  | "containerFingerprint"
  | "restartContainer"
  | "pauseContainer"
  | "unpauseContainer"
  | "stopContainer"
  | "removeContainer"
  | "inspectContainer"
  | "listContainers"
  | "limitCpus"
  | "boostCpus"
>;

type Parts = {
  exec: DockerExec;
  facts: FactsReader;
  networks: Pick<ContainedNetworks, "placeOf" | "admit" | "contain">;
  volumes: Pick<Volumes, "prepare" | "release">;
  names: Pick<OwnNames, "listed">;
};

export function createContainers(
  { exec, facts, networks, volumes, names: ownNames }: Parts,
  settings: args.ContainerSettings,
): Containers {
  async function inspect(names: string[]): Promise<Inspected[]> {
    const argv = args.inspectArgs(names);
    return readJson(Type.Array(Inspected), { args: argv, output: await exec.run(argv) });
  }

  async function asListed(container: Inspected): Promise<ContainerState & ListedContainer> {
    const state = toState(container, settings.network);
    return { ...state, name: await ownNames.listed(state, container.Config.Env ?? []) };
  }

  async function inspectOne(name: string): Promise<ContainerState | undefined> {
    const [found] = (await inspect([name]).catch(undefinedIfNoSuchObject)) ?? [];
    return found && toState(found, settings.network);
  }

  async function started(name: string): Promise<ContainerState> {
    const state = await inspectOne(name);
    if (state === undefined)
      throw new RunnerError("CONTAINER_ERROR", `Container ${name} vanished as it started.`);
    return state;
  }

  const remove = async (name: string) => {
    try {
      await exec.run(args.removeArgs(name), { timeoutMs: SLOW_COMMAND_MS });
    } catch (error) {
      if (isBeingRemoved(error)) await gone(name);
      else undefinedIfNoSuchObject(error);
    }
  };

  /** Waits for a removal that somebody else has begun: until its end the name is taken. */
  const gone = async (name: string) => {
    const deadline = performance.now() + SLOW_COMMAND_MS;
    while ((await inspectOne(name)) !== undefined && performance.now() < deadline)
      await Bun.sleep(REMOVAL_PAUSE_MS);
  };

  const stop = async (name: string, graceSeconds: number) => {
    await exec
      .run(args.stopArgs(name, graceSeconds), { timeoutMs: SLOW_COMMAND_MS + graceSeconds * 1000 })
      .catch(undefinedIfNoSuchObject);
  };

  const unpause = async (id: string) => {
    try {
      await exec.run(args.unpauseArgs(id), { timeoutMs: SLOW_COMMAND_MS });
      return true;
    } catch (error) {
      if (!isNotPaused(error) && !isNoSuchObject(error)) throw error;
      return (await inspectOne(id))?.running === true;
    }
  };

  const cgroup = createAgentsCgroup({ facts, chosen: settings.cgroupParent });
  const cpuLimits = createCpuLimits({ exec, facts, runtime: settings.runtime });
  const runArgv = async (spec: ContainerSpec, { boosted }: { boosted: boolean }) => {
    const { network, dns, env } = networks.placeOf(spec.egress);
    const cgroupParent = await cgroup.parent();
    const seccomp = (await canFilterCalls(facts)) ? settings.seccomp : undefined;
    const placed = { ...spec, env: { ...env, ...spec.env } };
    return args.runArgs(placed, { ...settings, network, dns, cgroupParent, seccomp, boosted });
  };
  const run = async (spec: ContainerSpec) => {
    const boosted = spec.boost && (await cpuLimits.canBoost(spec.cpus));
    return exec.run(await runArgv(spec, { boosted }), { timeoutMs: SLOW_COMMAND_MS });
  };

  return {
    can: HOST_CAN,
    async startContainer(spec: ContainerSpec) {
      await networks.admit(spec);
      try {
        await volumes.prepare(spec);
        await volumes.release(spec, stop);
        // A leftover container and a missing network are rare, and each check is a process of its own.
        await run(spec).catch(async (error: unknown) => {
          if (!isAlreadyExists(error) && !isNoSuchObject(error)) throw error;
          // The engine names one reason only, even if the name is taken and the network is gone too.
          await Promise.all([remove(spec.name), networks.contain()]);
          await networks.admit(spec);
          await run(spec);
        });
        return toRunning(await started(spec.name));
      } catch (error) {
        await remove(spec.name);
        throw error;
      }
    },

    async containerFingerprint(spec) {
      const argv = await runArgv(spec, { boosted: false });
      return createHash("sha256").update(JSON.stringify(argv)).digest("hex");
    },

    async restartContainer({ name, ...spec }) {
      await networks.admit(spec);
      await volumes.release({ name, ...spec }, stop);
      const isStarted = await exec.run(args.startArgs(name), { timeoutMs: SLOW_COMMAND_MS }).then(
        () => true,
        (error: unknown) => {
          if (isPaused(error)) return unpause(name);
          return isBeingRemoved(error) ? false : (undefinedIfNoSuchObject(error) ?? false);
        },
      );
      if (!isStarted) return undefined;
      const state = await started(name);
      const isDisconnected = state.running && state.address === "";
      return isDisconnected ? undefined : toRunning(state);
    },

    async pauseContainer(id) {
      await exec.run(args.pauseArgs(id), { timeoutMs: SLOW_COMMAND_MS }).catch((error: unknown) => {
        if (!isPaused(error)) throw error;
      });
    },
    unpauseContainer: unpause,

    stopContainer: stop,

    limitCpus: (id, cpus) => cpuLimits.limit(id, cpus).catch(undefinedIfNoSuchObject),
    boostCpus: (id, cpus) => cpuLimits.boost(id, cpus).catch(undefinedIfNoSuchObject),

    removeContainer: remove,
    inspectContainer: inspectOne,

    async listContainers() {
      return steadyLook(async () => {
        const names = linesOf(await exec.run(args.listArgs(runnerLabels(settings.runnerId))));
        return names.length === 0 ? [] : Promise.all((await inspect(names)).map(asListed));
      });
    },
  };
}

function toRunning({ id, name, address }: ContainerState): RunningContainer {
  return { id, name, address };
}
