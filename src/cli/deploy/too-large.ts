import { ApiError } from "../../client/errors.ts";
import { size } from "../output/amounts.ts";
import type { PackedFile } from "../pack/files.ts";

/** Files that are named at most. */
const NAMED = 3;

/** What a deploy failed with: of an upload that is too large also what takes the most, and how it is left out. */
export function withLargest(error: unknown, files: readonly PackedFile[]): unknown {
  if (!(error instanceof ApiError) || error.code !== "ARCHIVE_TOO_LARGE") return error;
  const { status, message, code, details } = error;
  const largest = files
    .flatMap((file) => (file.type === "file" ? [file] : []))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, NAMED)
    .map(({ path, bytes }) => `${path} (${size(bytes)})`);
  const hint = `The largest files: ${largest.join(", ")}. What .okenignore names is not sent.`;
  return new ApiError(status, { error: `${message}.`, code, details: { ...details, hint } });
}
