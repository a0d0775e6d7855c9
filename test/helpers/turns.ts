/** Lets whatever is ready to run do so, that many times: work without a clock or a network is done long before the last. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
