import type { Instance } from "../../instance/instance.ts";

/** How an instance that no longer serves comes to its end. */
export type Retiring = {
  work: () => Promise<void>;
  /** With requests inside; undefined once it is being stopped. */
  instance?: () => Instance | undefined;
  /** Has it stay, as able to serve as ever. False once it is being stopped. */
  recall?: () => boolean;
};

/** The containers of one agent that are on their way out, by version. Their names are free when they are gone. */
export type Retirements = {
  /** Resolves when nothing is left of the version's containers. */
  gone(version: number): Promise<void>;
  /** Takes an instance back. False when it is too late. */
  recall(instance: Instance): boolean;
  has(version: number): boolean;
  versions(): number[];
  /** Those that finish the requests inside them. */
  instances(): Instance[];
  /** Resolves when the work is done. */
  add(version: number, retiring: Retiring): Promise<void>;
};

export function createRetirements(): Retirements {
  const all = new Set<Required<Omit<Retiring, "work">> & { version: number; done: Promise<void> }>();
  const of = (version: number) => [...all].filter((it) => it.version === version);
  return {
    async gone(version) {
      await Promise.all(of(version).map(({ done }) => done));
    },
    recall: (instance) => [...all].some((it) => it.instance() === instance && it.recall()),
    has: (version) => of(version).length > 0,
    versions: () => [...new Set([...all].map(({ version }) => version))],
    instances: () => [...all].flatMap(({ instance }) => instance() ?? []),
    add(version, { work, instance = () => undefined, recall = () => false }) {
      const done = work().finally(() => all.delete(retirement));
      const retirement = { version, done, instance, recall };
      all.add(retirement);
      return done;
    },
  };
}
