import { HOST_CAN } from "../../src/docker/abilities.ts";
import { runnerLabels } from "../../src/docker/labels.ts";
import type {
  Abilities,
  ContainerSpec,
  Engine,
  EngineEvent,
  OutputLine,
  RunningContainer,
} from "../../src/docker/types.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import type { EngineOffers, RegistryOffers } from "../../src/model/engine-offers.ts";
import { createFakeVolumes } from "./fake-volumes.ts";
import { createFakeClaims } from "./fake-claims.ts";
import { createFakeRecords } from "./fake-records.ts";
import type { Containment } from "../../src/model/containment.ts";
import { createBroadcast } from "./broadcast.ts";
import { type FakeContainer, createFakeContainer, idOfNode } from "./fake-container.ts";
import { createFakeNodes } from "./fake-nodes.ts";
import { type FakeStorage, cacheOf, createFakeStorage } from "./fake-storage.ts";

type Operation = Exclude<keyof Engine, "can">;

export type FakeEngineOptions = {
  /** References of images that this runner has built. */
  images?: string[];
  runnerId?: string;
  hostCpus?: number;
  offers?: Partial<EngineOffers>;
  /** What its registry says, or why it cannot be used. */
  registry?: RegistryOffers | Error;
  can?: Partial<Abilities>;
  /** Host names, where there are several. */
  nodes?: string[];
  /** Where a container's server answers; by default nothing does. */
  address?: (spec: ContainerSpec) => string;
  /** Runs before each operation, which waits for it and fails as it does. */
  before?: (operation: Operation, args: unknown[]) => void | Promise<void>;
};

/** The engine for unit tests, with controls for what happens in it. */
export type FakeEngine = Engine & {
  /** By name, running or not. */
  readonly containers: ReadonlyMap<string, FakeContainer>;
  /** By reference, with their labels. */
  readonly images: Map<string, Record<string, string>>;
  /** What the engine says of its disk. */
  readonly storage: FakeStorage;
  /** The arguments of every call of an operation so far. */
  calls<K extends Operation>(operation: K): Parameters<Engine[K]>[];
  /** The process of a container writes a line. */
  print(name: string, line: OutputLine): void;
  /** The process of a container ends. */
  exit(name: string, exitCode: number, options?: { oomKilled: boolean }): void;
  /** An operator's signal, which ends the process. */
  kill(name: string, signal: number): void;
  /** An operator's signal, which the process does not heed. */
  signal(name: string, signal: number): void;
  /** An operator's `docker pause` and `docker unpause`. */
  pause(name: string): void;
  unpause(name: string): void;
  /** Why the runtime pauses nothing from now on. */
  refusePause(why: string): void;
  /** A container leaves the agents' network, and runs on. */
  disconnect(name: string): void;
  removeNetwork(): void;
  /** A host is away: nobody knows what becomes of its containers. */
  loseNode(name: string): void;
  /** It is there again. What it ran has been ended. */
  regainNode(name: string): void;
  /** A host takes no further container. */
  fillNode(name: string): void;
  /** So much is in a volume from now on. */
  fill(volume: string, bytes: number): void;
  /** What looks at the containment find from now on. */
  contained(found: Containment): void;
  /** Every call and every stream of events fails from now on. */
  goAway(): void;
  comeBack(): void;
};

/** Starts lie so far apart, milliseconds: a test can tell one from the next. */
const START_EVERY_MS = 1000;

const SIGKILL = 9;
const SIGTERM = 15;

/** A container engine in memory. It passes the same cases as the real one: see `test/contract`. */
export function createFakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const { runnerId = "runner", hostCpus = 2, address = () => "127.83.0.1", before } = options;
  const containers = new Map<string, FakeContainer>();
  const own = runnerLabels(runnerId);
  const images = new Map((options.images ?? []).map((reference) => [reference, own]));
  const ownImages = () =>
    [...images].filter(([, labels]) => hasAll(labels, own)).map(([reference]) => reference);
  const storage: FakeStorage = { cache: [], imageBytes: new Map() };
  const events = createBroadcast<EngineEvent>();
  const called: { operation: Operation; args: unknown[] }[] = [];
  let starts = 0;
  let network = false;
  let away = false;
  let containment: Containment = { state: "contained" };

  let noPause: string | undefined;

  const find = (nameOrId: string) =>
    containers.get(nameOrId) ?? [...containers.values()].find(({ id }) => id === nameOrId);
  const require = (name: string) => find(name) ?? fail(`No such container: ${name}`);

  function start(container: FakeContainer): RunningContainer {
    starts += 1;
    if (!container.running) container.node = nodes.place();
    container.start(new Date(starts * START_EVERY_MS).toISOString());
    const { id, name, node } = container;
    return {
      id,
      name,
      address: container.address,
      ...(node !== undefined && { node, nodeId: idOfNode(node) }),
    };
  }

  function exit(name: string, exitCode: number, { oomKilled } = { oomKilled: false }): void {
    const container = require(name);
    if (!container.running) return;
    const { id } = container;
    container.exit(exitCode, oomKilled);
    if (oomKilled) events.send({ type: "oom", id });
    events.send({ type: "disconnect", id });
    events.send({ type: "exit", id, exitCode });
  }

  function signal(name: string, number: number): void {
    const { id, running } = require(name);
    if (running) events.send({ type: "signal", id, signal: number });
  }

  function kill(name: string, number: number): void {
    signal(name, number);
    unpause(name);
    exit(name, 128 + number);
  }

  function pause(name: string): void {
    const container = require(name);
    if (!container.running) throw new RunnerError("CONTAINER_ERROR", `container ${name} is not running`);
    if (noPause !== undefined) throw new RunnerError("CONTAINER_ERROR", noPause);
    if (container.paused) return;
    container.paused = true;
    events.send({ type: "pause", id: container.id });
  }

  function unpause(name: string): void {
    const container = require(name);
    if (!container.paused) return;
    container.paused = false;
    events.send({ type: "unpause", id: container.id });
  }

  function remove(nameOrId: string): void {
    const container = find(nameOrId);
    if (container === undefined) return;
    kill(container.name, SIGKILL);
    containers.delete(container.name);
  }

  const nodes = createFakeNodes(options.nodes ?? [], () =>
    [...containers.values()].filter(({ running }) => running),
  );

  const volumes = createFakeVolumes(() => [...containers.values()]);

  const engine: Engine = {
    can: { ...HOST_CAN, nodes: options.nodes !== undefined, failOver: true, ...options.can },
    ping: async () => ({ version: "fake" }),
    offers: async () => ({ version: "28.2.2", hasBuildx: true, runtimes: ["runc"], ...options.offers }),
    ensureNetwork: async () => void (network = true),
    networkExists: async () => network,
    contain: async () => containment,
    containment: async () => containment,

    ...createFakeClaims(),
    ...createFakeRecords(),
    agentsOfAll: async () =>
      [...containers.values()].map((container) => ({
        runnerId,
        agentId: container.state().identity?.agentId ?? "",
      })),

    async buildImage({ inputs, tag, labels, signal }) {
      signal?.throwIfAborted();
      storage.cache.push(...cacheOf(inputs.contexts));
      images.set(tag, labels);
      return { imageId: `sha256:${Bun.SHA256.hash(tag, "hex")}`, bases: {} };
    },
    exportStage: () => Promise.reject(new Error("the fake engine exports nothing")),
    buildWheels: () => Promise.reject(new Error("the fake engine builds no wheels")),
    platform: async () => "linux/fake",
    userIds: async () => ({ largest: 2 ** 31 - 1, mapped: false }),
    removeBuildLeftovers: async () => undefined,
    imageExists: async (reference) => images.has(reference),
    imageInRegistry: async () => false,
    removeImages: async (references) => references.forEach((reference) => images.delete(reference)),
    async registryOffers() {
      if (options.registry instanceof Error) throw options.registry;
      return options.registry;
    },
    removeLocalImages: async (references) => references.forEach((reference) => images.delete(reference)),
    listImages: async () => ownImages(),
    ...createFakeStorage(storage, { containers, images: ownImages, volumes: volumes.used }),

    containerFingerprint: async (spec) => Bun.SHA256.hash(JSON.stringify(spec), "hex"),
    async startContainer(spec) {
      network = true;
      remove(spec.name);
      if (!images.has(spec.image)) fail(`No such image: ${spec.image}`);
      volumes.make(spec);
      for (const name of volumes.usersOf(spec)) kill(name, SIGTERM);
      const container = createFakeContainer(spec, { address: address(spec), hostCpus });
      const started = start(container);
      containers.set(spec.name, container);
      return started;
    },
    async restartContainer({ name }) {
      const container = find(name);
      if (container === undefined || !network) return undefined;
      unpause(name);
      for (const user of volumes.usersOf(container.spec)) kill(user, SIGTERM);
      const started = start(container);
      return started.address === "" ? undefined : started;
    },
    limitCpus: async (id, cpus) => find(id)?.limit(cpus),
    boostCpus: async (id, cpus) => find(id)?.boost(cpus),
    cpuTimes: async (ids) =>
      Object.fromEntries(ids.flatMap((id) => (find(id)?.running ? [[id, find(id)?.cpuMs ?? 0]] : []))),
    async deferCpus(id, isDeferred) {
      const container = find(id);
      if (container?.running) container.isDeferred = isDeferred;
    },
    pauseContainer: async (id) => pause(id),
    async unpauseContainer(id) {
      const container = find(id);
      if (container !== undefined) unpause(id);
      return container?.running === true;
    },
    async stopContainer(name) {
      if (find(name) !== undefined) kill(name, SIGTERM);
    },
    removeContainer: async (name) => remove(name),
    inspectContainer: async (name) => find(name)?.state(),
    ...volumes.engine,
    listContainers: async () => [...containers.values()].map((container) => container.state()),

    logs: async (name, tail) => require(name).lastLines(tail),
    followLogs: (name, { tail, signal }) => require(name).follow(tail, signal),
    events: ({ signal }) => events.follow(signal),
    nodes: async () => nodes.list(),
    async setAvailability(name, availability, { draining } = { draining: false }) {
      nodes.set(name, availability, draining);
      if (availability === "drain") for (const container of nodes.on(name)) kill(container.name, SIGTERM);
    },
    async usage(id) {
      return find(id)?.running ? { memoryBytes: 1024 ** 2, cpuPercent: 0, processes: 1 } : undefined;
    },
  };

  const enter = async (operation: Operation, args: unknown[]) => {
    called.push({ operation, args });
    await before?.(operation, args);
    if (away) throw unavailable();
  };

  return {
    ...observed(engine, enter),
    containers,
    images,
    storage,
    calls<K extends Operation>(operation: K) {
      const found = called.filter((call) => call.operation === operation);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kept by the name of their operation
      return found.map(({ args }) => args) as Parameters<Engine[K]>[];
    },
    print: (name, line) => require(name).print(line),
    exit,
    kill,
    signal,
    pause,
    unpause,
    refusePause: (why) => void (noPause = why),
    disconnect(name) {
      const container = require(name);
      container.disconnect();
      events.send({ type: "disconnect", id: container.id });
    },
    removeNetwork() {
      network = false;
      events.send({ type: "network-removed" });
    },
    loseNode(name) {
      nodes.setState(name, "down");
      for (const container of nodes.on(name)) {
        container.lose();
        events.send({ type: "node-lost", id: container.id, node: name });
      }
    },
    regainNode: (name) => nodes.setState(name, "ready"),
    fillNode: (name) => nodes.fill(name),
    fill: (volume, bytes) => void volumes.bytes.set(volume, bytes),
    contained: (found) => void (containment = found),
    goAway() {
      away = true;
      events.end(unavailable());
    },
    comeBack: () => void (away = false),
  };
}

/** The same engine, which calls `enter` before each operation. */
function observed(engine: Engine, enter: (operation: Operation, args: unknown[]) => Promise<void>): Engine {
  /* oxlint-disable typescript/no-unsafe-type-assertion -- every method of the engine, each by its own name */
  const { can: _can, ...callable } = engine;
  const methods = Object.entries(callable) as [Operation, (...args: unknown[]) => unknown][];
  const wrapped = methods.map(([operation, method]) => [
    operation,
    isStream(operation)
      ? async function* follow(...args: unknown[]) {
          await enter(operation, args);
          yield* method(...args) as AsyncIterable<unknown>;
        }
      : async (...args: unknown[]) => {
          await enter(operation, args);
          return method(...args);
        },
  ]);
  return { ...engine, ...Object.fromEntries(wrapped) } as Engine;
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

function hasAll(labels: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}

function isStream(operation: Operation): boolean {
  return operation === "followLogs" || operation === "events";
}

function fail(message: string): never {
  throw new RunnerError("CONTAINER_ERROR", message, { details: { reason: "no_such_object" } });
}

function unavailable(): RunnerError {
  return new RunnerError("ENGINE_UNAVAILABLE", "The Docker engine does not answer.");
}
