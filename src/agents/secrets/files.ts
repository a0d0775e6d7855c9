import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type Static, Type } from "@sinclair/typebox";

import { undefinedIfMissing, writeDurably } from "../../lib/files.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { type Whose, damaged, parsedFile } from "./damage.ts";
import { createHeldFiles } from "./held-files.ts";
import { requireNotLost, unkeptText } from "./lost.ts";
import { Sealed, keyName, open, seal } from "./seal.ts";

type Secrets = Record<string, string>;

export type WrittenSecrets = {
  secrets: Secrets;
  /** The agent's user as the host knows it; undefined if that is not known. */
  reader: number | undefined;
};

/** The secrets of the versions. Without a key they are the files that containers mount. */
export type SecretFiles = {
  /** What the version's container mounts. With keys it is there only `during` a start. */
  secretsPath(agentId: string, version: number): string;
  writeSecrets(agentId: string, version: number, written: WrittenSecrets): Promise<void>;
  /** Without those that were lost, if all of them are `given` anew. Rejects with CONFIG_ERROR if they cannot be read. */
  readSecrets(agentId: string, version: number, given?: readonly string[]): Promise<Secrets>;
  /** Does the work of a start. A container holds what it has mounted, also when the file is gone. */
  during<T>(agentId: string, version: number, work: () => Promise<T>): Promise<T>;
  /** Rejects with CONFIG_ERROR if secrets of the version were lost with a data directory, or cannot be read. */
  requireThere(agentId: string, version: number): Promise<void>;
  /** Deletes a version's secrets. */
  forget(agentId: string, version: number): Promise<void>;
  /**
   * Encrypts what is plain, or has an earlier key. Gives the name of a key that is missing. Rejects with CONFIG_ERROR if
   * they cannot be read.
   */
  renew(agentId: string, version: number): Promise<{ missingKey: string } | undefined>;
};

export type SecretFilesOptions = {
  versionDir: (agentId: string, version: number) => string;
  /** The newest first; none: nothing is encrypted. */
  keys: readonly Buffer[];
  /** In memory; only used with keys. */
  mountDir: string;
  /** Has that directory empty, and this user's own, before it is first used. */
  prepare?: () => Promise<void>;
  /** Has what is encrypted too, and of the rest the names. */
  mirror?: Mirror | undefined;
};

const Envelope = Type.Intersect([Sealed, Type.Object({ reader: Type.Optional(Type.Integer()) })]);
type Envelope = Static<typeof Envelope>;

const Plain = Type.Record(Type.String(), Type.String());

export function createSecretFiles(options: SecretFilesOptions): SecretFiles {
  const { versionDir, keys, mountDir, mirror, prepare } = options;
  const [newest] = keys;
  const mounted = createHeldFiles();
  const plainPath = (agentId: string, version: number) => join(versionDir(agentId, version), "secrets.json");
  const sealedPath = (agentId: string, version: number) =>
    join(versionDir(agentId, version), "secrets.sealed");
  const secretsPath = (agentId: string, version: number) =>
    newest === undefined ? plainPath(agentId, version) : join(mountDir, `${agentId}.${version}.json`);

  async function readEnvelope(agentId: string, version: number): Promise<Envelope | undefined> {
    const text = await readFile(sealedPath(agentId, version), "utf8").catch(undefinedIfMissing);
    return text === undefined ? undefined : parsedFile(Envelope, { text, whose: { agentId, version } });
  }

  async function readWritten(
    agentId: string,
    version: number,
    given: readonly string[] = [],
  ): Promise<WrittenSecrets> {
    const whose = { agentId, version };
    const envelope = await readEnvelope(agentId, version);
    if (envelope === undefined) {
      await requireNotLost(versionDir(agentId, version), { ...whose, given });
      return readPlain(plainPath(agentId, version), whose);
    }
    const key = keys.find((it) => keyName(it) === envelope.key);
    if (key === undefined) throw damaged(whose, `they need the key ${envelope.key}`);
    const text = opened(envelope, { key, whose });
    return { secrets: parsedFile(Plain, { text, whose }), reader: envelope.reader };
  }

  async function writeSecrets(agentId: string, version: number, written: WrittenSecrets): Promise<void> {
    const { secrets, reader } = written;
    const text = JSON.stringify(secrets);
    if (newest === undefined) {
      const path = plainPath(agentId, version);
      return mirrored({ agentId, version }, unkeptText(secrets), async () => {
        await writeDurably(path, text);
        await letRead(path, reader);
      });
    }
    const sealed = seal(text, { key: newest, place: placeOf(agentId, version) });
    const envelope = JSON.stringify({ ...sealed, reader });
    await mirrored({ agentId, version }, envelope, () =>
      writeDurably(sealedPath(agentId, version), envelope),
    );
  }

  function mirrored(
    { agentId, version }: { agentId: string; version: number },
    text: string,
    onDisk: () => Promise<void>,
  ): Promise<void> {
    return mirror === undefined
      ? onDisk()
      : mirror.write({ kind: "secrets", agentId, version }, text, onDisk);
  }

  return {
    secretsPath,
    writeSecrets,
    readSecrets: async (agentId, version, given) => (await readWritten(agentId, version, given)).secrets,
    async during(agentId, version, work) {
      if (newest === undefined) return work();
      const path = secretsPath(agentId, version);
      const write = async () => {
        const { secrets, reader } = await readWritten(agentId, version);
        await prepare?.();
        await mkdir(mountDir, { recursive: true, mode: 0o700 });
        await writeFile(path, JSON.stringify(secrets), { mode: 0o600 });
        await letRead(path, reader);
      };
      // Several instances of a version may start at once.
      return mounted.during(path, { write, work });
    },
    requireThere: async (agentId, version) => void (await readWritten(agentId, version)),
    async forget(agentId, version) {
      await mirror?.remove(
        (place) => place.kind === "secrets" && place.agentId === agentId && place.version === version,
      );
      await rm(plainPath(agentId, version), { force: true });
      await rm(sealedPath(agentId, version), { force: true });
    },
    async renew(agentId, version) {
      const envelope = await readEnvelope(agentId, version);
      const known = keys.some((key) => keyName(key) === envelope?.key);
      if (envelope !== undefined && !known) return { missingKey: envelope.key };
      if (newest === undefined) return undefined;
      const path = plainPath(agentId, version);
      const hasPlain = (await stat(path).catch(undefinedIfMissing)) !== undefined;
      if (hasPlain || (envelope !== undefined && envelope.key !== keyName(newest)))
        await writeSecrets(agentId, version, await readWritten(agentId, version));
      await rm(path, { force: true });
      return undefined;
    },
  };
}

/** The text is a place of its own for every version of every agent: no id has a slash. */
function placeOf(agentId: string, version: number): string {
  return `${agentId}/${version}`;
}

function opened(envelope: Envelope, { key, whose }: { key: Buffer; whose: Whose }): string {
  try {
    return open(envelope, { key, place: placeOf(whose.agentId, whose.version) });
  } catch {
    throw damaged(whose, "what is encrypted was changed, or is another version's");
  }
}

async function readPlain(path: string, whose: Whose): Promise<WrittenSecrets> {
  const text = await readFile(path, "utf8").catch(undefinedIfMissing);
  if (text === undefined) return { secrets: {}, reader: undefined };
  const { mode, uid } = await stat(path);
  const isItsAlone = (mode & 0o077) === 0;
  return { secrets: parsedFile(Plain, { text, whose }), reader: isItsAlone ? uid : undefined };
}

/**
 * The agent's user must read its secrets through the mount. Only root can give it the file; else everybody may read it,
 * and the directory above is closed to them.
 */
async function letRead(path: string, reader: number | undefined): Promise<void> {
  const given = reader !== undefined && (await chown(path, reader, reader).then(() => true, isRefused));
  await chmod(path, given ? 0o400 : 0o444);
}

function isRefused(error: unknown): false {
  if (error instanceof Error && "code" in error && (error.code === "EPERM" || error.code === "EINVAL"))
    return false;
  throw error;
}
