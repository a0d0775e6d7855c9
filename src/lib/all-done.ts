/**
 * Like `Promise.all`, but a failure is thrown only when all have ended: whoever cleans up then finds nothing running.
 * If several fail, the first in the list is thrown.
 */
export async function allDone<T extends unknown[]>(work: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
