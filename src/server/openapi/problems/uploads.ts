import type { Problem } from "./problem.ts";

/** Refusals of an upload. */
export const UPLOAD_PROBLEMS = {
  keyInvalid: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "`Idempotency-Key` is empty, too long or has spaces",
    error: 'Idempotency-Key is "a b", but must be 1 to 255 visible characters without spaces.',
  },
  keyReused: {
    code: "INVALID_REQUEST",
    status: 422,
    when: "`Idempotency-Key` was sent with another deploy",
    error: 'The Idempotency-Key "a-key" was sent with another deploy: a new deploy needs a new key.',
  },
  configError: {
    code: "CONFIG_ERROR",
    status: 400,
    when: "`agent_id`, `secrets`, `oken.toml` or the entrypoint is not valid",
    error:
      'oken.toml line 3: entrypoint_type = "web" is not allowed; it is one of "handler", "agent", "http"',
    details: { reason: "config_invalid", file: "oken.toml", key: "entrypoint_type", line: 3 },
  },
  formMalformed: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the form is malformed, broken off, or lacks `tarball`",
    error: "the form has no tarball; send it as a file: -F tarball=@agent.tar.gz",
  },
  lengthRequired: {
    code: "INVALID_REQUEST",
    status: 411,
    when: "neither a length nor a chunked body",
    error: "the request needs a Content-Length, or a chunked body",
  },
  formTooLarge: {
    code: "INVALID_REQUEST",
    status: 413,
    when: "the form as a whole is too large",
    error: "the form has more than 53542912 bytes",
  },
  notAForm: {
    code: "INVALID_REQUEST",
    status: 415,
    when: "the body is not `multipart/form-data`",
    error: "the body must be multipart/form-data with the fields agent_id and tarball",
  },
  archiveNotGzip: {
    code: "ARCHIVE_NOT_GZIP",
    status: 415,
    when: "the tarball is not compressed with gzip",
    error: "the tarball is a zip file, not gzip; make it with: tar -czf agent.tar.gz -C <folder> .",
    details: { reason: "not_gzip" },
  },
  archiveCorrupt: {
    code: "ARCHIVE_CORRUPT",
    status: 400,
    when: "the tarball breaks its format or ends early",
    error: "the tarball is empty (0 bytes)",
    details: { reason: "truncated" },
  },
  archiveUnsafe: {
    code: "ARCHIVE_UNSAFE",
    status: 422,
    when: "an entry would leave its directory, or is neither file nor directory; `details` names it",
    error:
      "a link in the archive has a target that is absolute; leave .venv, node_modules and the like out of the tarball",
    details: { reason: "link_forbidden", entry: "data/current" },
  },
  archiveTooLarge: {
    code: "ARCHIVE_TOO_LARGE",
    status: 413,
    when: "the tarball, or what it holds, is over a limit; `details` names it",
    error: "the tarball is larger than 50 MiB, the most that is taken",
    details: { reason: "too_large", limit: "compressed", max: 52_428_800 },
  },
  archiveEmpty: {
    code: "ARCHIVE_EMPTY",
    status: 422,
    when: "the tarball holds no file",
    error: "the tarball holds no files",
    details: { reason: "empty" },
  },
  overloaded: {
    code: "OVERLOADED",
    status: 503,
    when: "too many uploads at a time",
    error: "the uploads in flight already hold their 1073741824 bytes; try again in a moment",
    details: { reason: "upload_budget", max: 1_073_741_824 },
    headers: ["Retry-After"],
  },
} satisfies Record<string, Problem>;
