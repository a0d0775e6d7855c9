import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";

/** Reasons by the system's error code. Each completes the sentence "OKEN_DATA_DIR is …, but". */
const REASONS: Record<string, string> = {
  EEXIST: "that is not a directory",
  ENOTDIR: "that is not a directory",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "its file system is read-only",
  ENOSPC: "its disk is full",
  EDQUOT: "its disk quota is used up",
};

/** The sentence that ends the start when the directory could not be opened. */
export function dataDirError(path: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return unusable(path, REASONS[code] ?? `it cannot be used: ${messageOf(error)}`);
}

/** `why` completes the sentence "OKEN_DATA_DIR is …, but". */
export function unusable(path: string, why: string): StartError {
  return new StartError(`OKEN_DATA_DIR is ${JSON.stringify(path)}, but ${why}.`);
}
