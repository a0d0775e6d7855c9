import type { Engine } from "../docker/types.ts";
import { type SecretRedactor, secretRedactor } from "../lib/redact-secrets.ts";
import { joinPieces, plainText, readLine } from "./log-lines.ts";

/** Log lines that a failed start carries, and an instance that has ended. */
const LINES = 50;

/** The most of them that is carried, characters: a line has up to 64 KiB. */
const MAX_CHARS = 64 * 1024;

type Place = { version: number; container: string };

type LastLinesParts = {
  engine: Pick<Engine, "logs">;
  files: { readSecrets(agentId: string, version: number): Promise<Record<string, string>> };
};

/** The last lines of a container as people read them, without secrets. */
export type LastLines = {
  /** Cuts the version's secrets from what else is told of it. */
  redact: SecretRedactor;
  /** Rejects where the engine does not give them. */
  read(): Promise<string>;
};

export function createLastLines({ engine, files }: LastLinesParts) {
  return async (agentId: string, { version, container }: Place): Promise<LastLines> => {
    // Of a version that others started they may be lost.
    const redact = secretRedactor(await files.readSecrets(agentId, version).catch(() => ({})));
    return {
      redact,
      async read() {
        const text = plainText(joinPieces((await engine.logs(container, LINES)).map(readLine)));
        return redact(text, Math.max(0, text.length - MAX_CHARS));
      },
    };
  };
}
