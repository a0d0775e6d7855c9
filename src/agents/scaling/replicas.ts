import type { Instance } from "../../instance/instance.ts";
import type { Clock } from "../../lib/clock.ts";
import { Listeners } from "../../lib/listeners.ts";
import { type Backoff, createBackoff } from "../starts/backoff.ts";

/** An instance beside the first one, on its way to serve, serving, or on its way out. */
export type Replica = {
  readonly version: number;
  /** Its number among the instances of its version: its container's name comes from it. */
  readonly number: number;
  state: "starting" | "running" | "leaving";
  /** Undefined while it starts. */
  instance: Instance | undefined;
  /** Resolves when nothing of it is left; that of one that runs, never. */
  gone: Promise<void>;
  /** Ends its start. */
  abort: AbortController;
  /** Its version does not serve yet, and is about to. */
  isNext: boolean;
};

/** The further instances of one agent. They serve beside the instance of its activity, and only while there is one. */
export class Replicas {
  readonly backoff: Backoff;
  /** How long the last start took, milliseconds; undefined before the first. */
  startMs: number | undefined;
  readonly #all = new Set<Replica>();
  readonly #newcomers = new Listeners<Instance>();
  #running: readonly Instance[] = [];

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.backoff = createBackoff(clock);
  }

  all(): Replica[] {
    return [...this.#all];
  }

  /** Those that serve, or are to when their version does. */
  get running(): readonly Instance[] {
    return this.#running;
  }

  find(instance: Instance): Replica | undefined {
    return this.all().find((it) => it.instance === instance);
  }

  /** The lowest number that no container of the version has: neither `first`'s, nor that of one on its way out. */
  freeNumber(version: number, first: Instance | undefined): number {
    const taken = this.all().flatMap((it) => (it.version === version ? it.number : []));
    if (first?.version.version === version) taken.push(first.replica);
    let number = 1;
    while (taken.includes(number)) number += 1;
    return number;
  }

  add(replica: Pick<Replica, "version" | "number"> & { isNext?: boolean }): Replica {
    const added: Replica = {
      isNext: false,
      ...replica,
      state: "starting",
      instance: undefined,
      gone: Promise.resolve(),
      abort: new AbortController(),
    };
    this.#all.add(added);
    return added;
  }

  serves(replica: Replica, instance: Instance): void {
    replica.state = "running";
    replica.isNext = false;
    replica.instance = instance;
    this.#changed();
    this.#newcomers.call(instance);
  }

  /** `listener` hears of each that begins to serve. Gives how to take that back. */
  onServe(listener: (instance: Instance) => void): () => void {
    return this.#newcomers.add(listener);
  }

  /** It takes no calls from now on; its number is taken until `gone`. */
  leaves(replica: Replica, gone: Promise<void>): void {
    replica.state = "leaving";
    replica.gone = gone.catch(() => undefined).then(() => this.forget(replica));
    this.#changed();
  }

  forget(replica: Replica): void {
    this.#all.delete(replica);
    this.#changed();
  }

  #changed(): void {
    this.#running = this.all().flatMap((it) => (it.state === "running" ? (it.instance ?? []) : []));
  }
}
