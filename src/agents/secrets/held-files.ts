import { rm } from "node:fs/promises";

type Held = { users: number; written: Promise<void>; gone?: Promise<void> };

/** Files that are there while somebody works with them: written for the first, and removed after the last. */
export type HeldFiles = {
  during<T>(path: string, options: { write: () => Promise<void>; work: () => Promise<T> }): Promise<T>;
};

export function createHeldFiles(): HeldFiles {
  const held = new Map<string, Held>();

  const remove = async (path: string, file: Held) => {
    file.gone = rm(path, { force: true }).finally(() => held.delete(path));
    await file.gone;
  };

  return {
    async during(path, { write, work }) {
      // One that is being removed would take with it what is written meanwhile.
      for (let gone = held.get(path)?.gone; gone !== undefined; gone = held.get(path)?.gone)
        await gone.catch(() => undefined);
      const file = held.get(path) ?? { users: 0, written: write() };
      held.set(path, file);
      file.users += 1;
      try {
        await file.written;
        return await work();
      } finally {
        file.users -= 1;
        if (file.users === 0) await remove(path, file);
      }
    },
  };
}
