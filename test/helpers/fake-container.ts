import type { ContainerSpec, ContainerState, ListedContainer, OutputLine } from "../../src/docker/types.ts";
import { createBroadcast } from "./broadcast.ts";

export type FakeContainer = {
  readonly id: string;
  readonly name: string;
  /** Empty once it has left the network. */
  readonly address: string;
  readonly spec: ContainerSpec;
  /** The host that it is on; undefined where there is one. */
  node: string | undefined;
  readonly running: boolean;
  paused: boolean;
  /** What it has used of the CPUs, and whether it waits for others that want them. */
  cpuMs: number;
  isDeferred: boolean;
  /** `at` is ISO 8601. */
  start(at: string): void;
  exit(exitCode: number, oomKilled: boolean): void;
  disconnect(): void;
  /** Its host is away. */
  lose(): void;
  print(line: OutputLine): void;
  lastLines(tail: number): OutputLine[];
  /** The last lines and those to come, until it exits. */
  follow(tail: number, signal: AbortSignal): AsyncIterable<OutputLine>;
  limit(cpus: number): void;
  boost(cpus: number): void;
  state(): ContainerState & ListedContainer;
};

/** A container of the fake engine: its state, its output and its share of the host's CPUs. */
export function createFakeContainer(
  spec: ContainerSpec,
  { address: given, hostCpus }: { address: string; hostCpus: number },
): FakeContainer {
  let address = given;
  const id = crypto.randomUUID().replaceAll("-", "").repeat(2);
  const lines: OutputLine[] = [];
  const output = createBroadcast<OutputLine>();
  const canBoost = (cpus: number) => cpus < hostCpus;
  let cpus = spec.boost && canBoost(spec.cpus) ? undefined : spec.cpus;
  let running = false;
  let paused = false;
  let isLost = false;
  let ended = { exitCode: 0, oomKilled: false };
  let startedAt = "";

  const last = (tail: number) => lines.slice(Math.max(0, lines.length - tail));

  return {
    id,
    name: spec.name,
    get address() {
      return address;
    },
    spec,
    node: undefined,
    get running() {
      return running;
    },
    get paused() {
      return paused;
    },
    set paused(now) {
      paused = now;
    },
    cpuMs: 0,
    isDeferred: false,
    start(at) {
      if (running) return;
      startedAt = at;
      running = true;
      isLost = false;
      this.isDeferred = false;
      ended = { exitCode: 0, oomKilled: false };
    },
    exit(exitCode, oomKilled) {
      running = false;
      paused = false;
      ended = { exitCode, oomKilled };
      output.end();
    },
    disconnect() {
      address = "";
    },
    lose() {
      this.exit(128 + 9, false);
      isLost = true;
    },
    print(line) {
      lines.push(line);
      output.send(line);
    },
    lastLines: last,
    async *follow(tail, signal) {
      if (running) yield* output.follow(signal, last(tail));
      else yield* last(tail);
    },
    limit(to) {
      if (canBoost(to)) cpus = to;
    },
    boost(from) {
      if (canBoost(from)) cpus = hostCpus;
    },
    state() {
      return {
        id,
        name: spec.name,
        address,
        running,
        paused,
        ...ended,
        startedAt,
        identity: spec.identity,
        cpus,
        ...(this.node !== undefined && { node: this.node, nodeId: idOfNode(this.node) }),
        ...(isLost && { isLost }),
      };
    },
  };
}

export function idOfNode(name: string): string {
  return `id-of-${name}`;
}
