import type { Entrypoint } from "../model/entrypoint.ts";
import type { Manifest } from "../model/manifest.ts";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "::1"]);

/** Warns of an address in a script that the runner cannot reach. */
export function addressWarnings({ file, listens }: Entrypoint, manifest: Manifest): string[] {
  const warnings: string[] = [];
  if (listens?.port !== undefined && listens.port !== manifest.port) {
    warnings.push(
      `${file} listens on port ${listens.port}, not on $PORT (${manifest.port}): read os.environ["PORT"], or write port = ${listens.port} in oken.toml`,
    );
  }
  if (listens?.host !== undefined && LOOPBACK.has(listens.host)) {
    warnings.push(`${file} listens on ${listens.host} only: listen on 0.0.0.0, or on os.environ["HOST"]`);
  }
  return warnings;
}
