import type { ContainerSpec, Engine, OutputLine } from "../../src/docker/types.ts";

/** The engine of a new runner, without a network yet. Disposing of it removes everything that it created. */
export type Subject = AsyncDisposable & {
  engine: Engine;
  runnerId: string;
  /** An image whose process obeys `print` and `exit`. */
  image: string;
  /** One that is nowhere. */
  missingImage: string;
  hostCpus: number;
  /** The signal that ends a container which is removed. */
  removesWith: 9 | 15;
  /** Events in the containers and the engine. */
  outside: {
    /** The process of a container writes a line. */
    print(name: string, line: OutputLine): Promise<void>;
    /** The process of a container ends by itself. */
    exit(name: string, exitCode: number): Promise<void>;
    /** Undefined, as those below, where the engine cannot do it. */
    runOutOfMemory?: (name: string) => Promise<void>;
    /** An operator sends the container a signal. Undefined where nobody is told of that. */
    signal?: (name: string, number: number) => Promise<void>;
    pause?: (name: string) => Promise<void>;
    unpause?: (name: string) => Promise<void>;
    /** The container leaves the network of the agents, and runs on. */
    disconnect?: (name: string) => Promise<void>;
    removeNetwork?: () => Promise<void>;
  };
};

export type CreateSubject = () => Promise<Subject>;

/** What outside of the engine a case needs, which it runs for no engine without. */
export function required<T>(event: T | undefined): T {
  if (event === undefined) throw new Error("this engine cannot do that");
  return event;
}

/** A container to start, with a unique name. */
export function specOf({ image }: Subject, overrides: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: `oken-test-${Bun.randomUUIDv7().slice(-12)}`,
    image,
    identity: { agentId: "Echo", version: 1, spec: "abc" },
    userId: 10_001,
    env: {},
    mounts: [],
    ports: [],
    memory: 64 * 1024 * 1024,
    cpus: 0.5,
    concurrency: 10,
    boost: false,
    ...overrides,
  };
}

/** Waits until a container has exited: its output ends with it. */
export async function exited({ engine }: Subject, name: string): Promise<void> {
  const { signal } = new AbortController();
  for await (const _ of engine.followLogs(name, { tail: 0, signal }));
}
