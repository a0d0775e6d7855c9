import { stat } from "node:fs/promises";

import type { Clock } from "./clock.ts";

/** Pause between two looks, milliseconds. */
const LOOK_EVERY_MS = 2_000;

type Watch = { clock: Pick<Clock, "timer">; onChange: () => Promise<void> };

/**
 * Calls `onChange` when one of the files is another than at the call of this function. It looks again and again: of a
 * link that now leads elsewhere, as with secrets of Kubernetes, the system tells nothing.
 */
export async function watchFiles(paths: string[], { clock, onChange }: Watch): Promise<Disposable> {
  let seen = await signatureOf(paths);
  let isOver = false;
  let cancel: () => void;
  const look = async () => {
    const now = await signatureOf(paths);
    if (now !== seen && !isOver) await onChange();
    seen = now;
    if (!isOver) cancel = clock.timer(LOOK_EVERY_MS, () => void look());
  };
  cancel = clock.timer(LOOK_EVERY_MS, () => void look());
  return {
    [Symbol.dispose]() {
      isOver = true;
      cancel();
    },
  };
}

async function signatureOf(paths: string[]): Promise<string> {
  const signatures = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
        () => "missing",
      ),
    ),
  );
  return signatures.join("\n");
}
