import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

import { acceptsGzip } from "./requests/accepted.ts";

const compress = promisify(gzip);

/** A name with a digest of the content never means anything else. */
const FOR_EVER = "public, max-age=31536000, immutable";

/** Browsers ask again each time: an old page must not be shown with a new runner. */
const ASK_AGAIN = "no-cache";

/** Below this a compressed answer saves no packet. */
const MIN_COMPRESSED_BYTES = 1_000;

/** A file of a page, as it is sent. */
export type ServedFile = {
  type: string;
  body: string | Blob;
  /** Undefined where compression gains nothing. */
  gzipped: Uint8Array<ArrayBuffer> | undefined;
  digest: string;
};

export type Content = { type: string; body: string | Blob };

export async function prepareFile({ type, body }: Content): Promise<ServedFile> {
  const bytes = typeof body === "string" ? Buffer.from(body) : await body.bytes();
  const digest = createHash("sha256").update(bytes).digest("base64url");
  const isCompressed = type.startsWith("image/") || bytes.length < MIN_COMPRESSED_BYTES;
  const gzipped = isCompressed
    ? undefined
    : new Uint8Array(await compress(bytes, { level: constants.Z_BEST_COMPRESSION }));
  return { type, body, gzipped, digest };
}

/** `init.js` with its content in its name: `init.Qk3v7e….js`. */
export function addressOf(name: string, { digest }: ServedFile): string {
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}.${digest.slice(0, 16)}${name.slice(dot)}`;
}

/** The answer to a request for a file, whose name may or may not change with its content. */
export function fileAnswer(
  request: Request,
  file: ServedFile,
  { policy, isNamedByContent }: { policy: string; isNamedByContent: boolean },
): Response {
  const isGzip = file.gzipped !== undefined && acceptsGzip(request);
  const etag = isGzip ? `"${file.digest}-gzip"` : `"${file.digest}"`;
  const headers = new Headers({
    "Content-Type": file.type,
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": isNamedByContent ? FOR_EVER : ASK_AGAIN,
    Vary: "Accept, Accept-Encoding",
    ETag: etag,
  });
  if (isKnown(request, etag)) return new Response(null, { status: 304, headers });
  if (!isGzip || file.gzipped === undefined) return new Response(file.body, { headers });
  headers.set("Content-Encoding", "gzip");
  return new Response(file.gzipped, { headers });
}

function isKnown({ headers }: Request, etag: string): boolean {
  const known = headers.get("if-none-match")?.split(",");
  return known?.some((tag) => tag.trim().replace(/^W\//, "") === etag) ?? false;
}
