import { join } from "node:path";

/** Where the processes of one data directory meet when one takes over from another. */
export function takeoverPaths(dataDir: string) {
  const directory = join(dataDir, "takeover");
  // Numbers of processes are others' in another container.
  const own = (kind: string) => join(directory, `${kind}-${crypto.randomUUID().slice(-12)}`);
  return {
    directory,
    /** Of the runner that serves. */
    meeting: join(directory, "socket"),
    /** Where this process is left the lock and the socket to listen on. */
    box: own("box"),
    /** Where this process takes requests that came to the runner before. */
    requests: own("requests"),
  };
}
