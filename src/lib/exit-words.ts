/** Exit code of a program that SIGKILL ended, whoever sent it: 128 and the number of the signal. */
export const KILLED = 137;

/**
 * `exited with code 1`: the end of a sentence about a container. Where the engine does not tell of memory that ran out, as a
 * swarm does not, the code is all there is of it.
 */
export function exitedWith(exitCode: number): string {
  const why = exitCode === KILLED ? " (killed, as when its memory runs out)" : "";
  return `exited with code ${exitCode}${why}`;
}
