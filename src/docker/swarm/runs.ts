import type { Task } from "./tasks.ts";

/** The tasks that run, as far as this process has seen: those whose end is to be told. */
export type Runs = {
  begun(task: Task): void;
  ended(id: string): void;
  has(id: string): boolean;
  all(): Task[];
};

export function createRuns(): Runs {
  const running = new Map<string, Task>();
  return {
    begun: (task) => void running.set(task.id, task),
    ended: (id) => void running.delete(id),
    has: (id) => running.has(id),
    all: () => [...running.values()],
  };
}
