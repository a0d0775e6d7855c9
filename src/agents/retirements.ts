import type { Instance } from "../instance/instance.ts";

/** How a version that no longer serves comes to its end. */
export type Retiring = {
  work: () => Promise<void>;
  /** With requests inside; undefined once it is being stopped. */
  instance?: () => Instance | undefined;
  /** The instance, as able to serve as ever; undefined once it is being stopped. */
  recall?: () => Instance | undefined;
};

/** The versions of one agent whose containers are on their way out. Their names are free when they are gone. */
export type Retirements = {
  /** Resolves when nothing is left of the version's container. */
  gone(version: number): Promise<void>;
  /** Takes the version's instance back; undefined when there is none or it is too late. */
  recall(version: number): Instance | undefined;
  has(version: number): boolean;
  versions(): number[];
  /** Those that finish the requests inside them. */
  instances(): Instance[];
  /** Resolves when the work is done. */
  add(version: number, retiring: Retiring): Promise<void>;
};

export function createRetirements(): Retirements {
  const byVersion = new Map<number, Required<Omit<Retiring, "work">> & { done: Promise<void> }>();
  return {
    gone: async (version) => byVersion.get(version)?.done,
    recall: (version) => byVersion.get(version)?.recall(),
    has: (version) => byVersion.has(version),
    versions: () => [...byVersion.keys()],
    instances: () => [...byVersion.values()].flatMap(({ instance }) => instance() ?? []),
    add(version, { work, instance = () => undefined, recall = () => undefined }) {
      const forget = () => {
        if (byVersion.get(version) === retirement) byVersion.delete(version);
      };
      const retirement = { done: work().finally(forget), instance, recall };
      byVersion.set(version, retirement);
      return retirement.done;
    },
  };
}
