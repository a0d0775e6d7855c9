import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";

import { RunnerError } from "../lib/errors.ts";
import { AGENT_ID_PATTERN } from "../model/agent.ts";
import { assertGzipMagic } from "./archive/inflate.ts";
import { corrupt, tooLarge } from "./archive/refusal.ts";
import { formatBytes, KiB, MiB } from "../lib/bytes.ts";
import { SpentMemory, collectNow } from "../lib/spent-memory.ts";
import { escapeName } from "../lib/text.ts";
import { asDiskFull } from "./disk-floor.ts";
import { assertForm, invalidForm, readForm } from "./form.ts";
import { MAX_SECRETS_BYTES, type SentSecrets, parseSecrets, secretsError } from "./secrets.ts";
import type { Budget, BudgetShare } from "./budget.ts";
import type { DiskFloor } from "./disk-floor.ts";
import type { FormLimits } from "./form.ts";

/** Bytes of a form besides its tarball: the secrets, the headers of parts and the boundaries. */
const FORM_BYTES = MAX_SECRETS_BYTES + 64 * KiB;
const BYTES_BETWEEN_DISK_CHECKS = 4 * MiB;
const PRIVATE_FILE_MODE = 0o600;
const AGENT_ID_DETAILS = { details: { reason: "agent_id_invalid", field: "agent_id" } };
const AGENT_ID = new RegExp(AGENT_ID_PATTERN);

export type UploadLimits = {
  /** Compressed bytes of the tarball. */
  maxUploadBytes: number;
} & Pick<FormLimits, "idleTimeoutMs" | "minBytesPerSecond">;

/** Retransmissions take less than 30 s. At 1 KiB/s, 50 MiB take 14 hours, so no real upload is slower. */
export const DEFAULT_UPLOAD_PACE = { idleTimeoutMs: 30_000, minBytesPerSecond: KiB } as const;

export type ReceiveOptions = {
  /** An existing directory on the file system of the data directory. */
  directory: string;
  limits: UploadLimits;
  /** The upload's share is given back when it is disposed of. */
  budget: Budget;
  /** Checked before and during the upload. */
  diskFloor?: DiskFloor;
  signal?: AbortSignal;
  /** Called once the id is known. An error that it throws ends the upload. */
  onAgentId?: ((agentId: string) => void) | undefined;
};

/** To be disposed of once the archive is unpacked. That removes the archive and gives back its share of the budget. */
export type Upload = AsyncDisposable & {
  agentId: string;
  secrets: SentSecrets;
  archivePath: string;
  /** Compressed bytes. */
  bytes: number;
};

/**
 * Receives the form of `POST /deploy`: `agent_id`, `tarball` and optionally `secrets` and `keep_secrets`, in any order. The
 * tarball is written to a file in `directory` as it comes. An error leaves no file.
 *
 * @throws RunnerError INVALID_REQUEST, CONFIG_ERROR (agent_id, secrets), ARCHIVE_NOT_GZIP, ARCHIVE_TOO_LARGE, DISK_FULL,
 *   OVERLOADED; the signal's reason
 */
export async function receiveUpload(request: Request, options: ReceiveOptions): Promise<Upload> {
  const { limits, budget, diskFloor } = options;
  assertForm(request.headers);
  const declared = declaredBytes(request.headers, limits);
  await diskFloor?.assertRoomFor(declared ?? 0);

  const share = budget.open();
  const archivePath = join(options.directory, `upload-${randomUUID()}.tar.gz`);
  const dispose = async () => {
    await rm(archivePath, { force: true });
    share[Symbol.dispose]();
  };
  try {
    share.take(declared ?? 0);
    const form: Form = {
      seen: new Set(),
      agentId: undefined,
      secrets: { values: {}, keepOthers: false },
      bytes: undefined,
    };
    const staging: Staging = {
      archivePath,
      limits,
      diskFloor,
      share: declared === undefined ? share : undefined,
    };
    await readForm(
      request,
      {
        textFields: ["agent_id", "secrets", "keep_secrets"],
        field: (name, value, truncated) => takeField(form, { name, value, truncated }, options),
        file: async (name, content, part) => {
          claim(form, name);
          if (name !== "tarball") throw unknownField(name);
          if (part.filename === undefined && part.type === "text/plain") throw sentAsText();
          form.bytes = await writeArchive(content, staging);
        },
      },
      {
        limits: {
          ...limits,
          maxBodyBytes: limits.maxUploadBytes + FORM_BYTES,
          maxFieldBytes: MAX_SECRETS_BYTES,
        },
        signal: options.signal,
      },
    );
    const { agentId, bytes, secrets } = form;
    if (agentId === undefined)
      throw new RunnerError("CONFIG_ERROR", "the form has no agent_id", AGENT_ID_DETAILS);
    if (bytes === undefined)
      throw invalidForm("the form has no tarball; send it as a file: -F tarball=@agent.tar.gz");
    return { agentId, secrets, archivePath, bytes, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw asDiskFull(error);
  }
}

type Form = {
  seen: Set<string>;
  agentId: string | undefined;
  secrets: SentSecrets;
  bytes: number | undefined;
};

/** Undefined for a chunked body, whose length is not known before its end. */
function declaredBytes(headers: Headers, limits: UploadLimits): number | undefined {
  const header = headers.get("content-length");
  if (header === null) return undefined;
  const declared = Number(header);
  if (declared > limits.maxUploadBytes + FORM_BYTES) throw tarballTooLarge(limits);
  return declared;
}

function claim(form: Form, name: string): void {
  if (form.seen.has(name)) throw invalidForm(`the form has the field "${escapeName(name)}" twice`);
  form.seen.add(name);
}

type Field = { name: string; value: string; truncated: boolean };

function takeField(form: Form, { name, value, truncated }: Field, options: ReceiveOptions): void {
  claim(form, name);
  if (name === "agent_id") {
    form.agentId = parseAgentId(value);
    options.onAgentId?.(form.agentId);
    return;
  }
  if (name === "keep_secrets") {
    form.secrets.keepOthers = parseKeepSecrets(value);
    return;
  }
  if (truncated) throw secretsError(`secrets has more than ${MAX_SECRETS_BYTES} bytes`);
  form.secrets.values = parseSecrets(value);
}

function parseAgentId(value: string): string {
  if (AGENT_ID.test(value)) return value;
  const message = `agent_id "${escapeName(value)}" is not allowed; it has 1 to 128 letters, digits, "-" and "_"`;
  throw new RunnerError("CONFIG_ERROR", message, AGENT_ID_DETAILS);
}

function parseKeepSecrets(value: string): boolean {
  if (value === "true" || value === "false") return value === "true";
  const message = `keep_secrets is "${escapeName(value)}", but must be true or false`;
  throw new RunnerError("CONFIG_ERROR", message, { details: { field: "keep_secrets" } });
}

type Staging = {
  archivePath: string;
  limits: UploadLimits;
  diskFloor: DiskFloor | undefined;
  /** Undefined when the declared length is taken from the budget already. */
  share: BudgetShare | undefined;
};

async function writeArchive(content: AsyncIterable<Buffer>, staging: Staging): Promise<number> {
  const { archivePath, limits, diskFloor, share } = staging;
  const file = await open(archivePath, "wx", PRIVATE_FILE_MODE);
  try {
    const spent = new SpentMemory(collectNow);
    let bytes = 0;
    let unchecked = 0;
    for await (const chunk of content) {
      if (bytes === 0) assertGzipMagic(chunk);
      bytes += chunk.length;
      unchecked += chunk.length;
      if (bytes > limits.maxUploadBytes) throw tarballTooLarge(limits);
      share?.take(chunk.length);
      if (unchecked >= BYTES_BETWEEN_DISK_CHECKS) {
        unchecked = 0;
        await diskFloor?.assertRoomFor(0);
      }
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
      spent.add(chunk.length);
    }
    if (bytes === 0) throw corrupt("truncated", "the tarball is empty (0 bytes)");
    return bytes;
  } finally {
    await file.close();
  }
}

function tarballTooLarge({ maxUploadBytes }: UploadLimits): RunnerError {
  const message = `the tarball is larger than ${formatBytes(maxUploadBytes)}, the most that is taken`;
  return tooLarge("compressed", maxUploadBytes, { message });
}

function sentAsText(): RunnerError {
  return invalidForm('the field "tarball" came as text; send it as a file: -F tarball=@agent.tar.gz');
}

function unknownField(name: string): RunnerError {
  const fields = "agent_id, tarball, secrets and keep_secrets";
  return invalidForm(`unknown field "${escapeName(name)}"; the form has ${fields}`);
}
