/**
 * What all of them give. When one fails its error is thrown once every one has ended, so that nothing goes on behind
 * the back of whoever cleans up; of several the first in the row.
 */
export async function allDone<T extends unknown[]>(work: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
