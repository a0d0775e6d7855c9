import { dependencyError } from "../lib/dependency-error.ts";

/** A lock, what it was made from, and the command that makes it again. */
export type LockOrigin = { file: string; project: string; command: string };

/** The error for a lock that is older than the last edit of its project. */
export function lockDrift({ file, project, command }: LockOrigin, difference: string) {
  return dependencyError(
    "lock_drift",
    `${file} no longer matches ${project}: ${difference}. Run \`${command}\`.`,
    `Run \`${command}\` and deploy again.`,
  );
}

/** The error for a lock whose project is not in the upload. */
export function lockWithoutProject({ file, project }: Pick<LockOrigin, "file" | "project">) {
  return dependencyError(
    "lock_without_project",
    `The upload has ${file}, but not the ${project} that it locks.`,
    `Add ${project}, or leave ${file} out.`,
  );
}

/** The error for a lock that is not in the format that its tool writes. */
export function lockUnreadable({ file, command }: Pick<LockOrigin, "file" | "command">, why: string) {
  return dependencyError(
    "lock_unreadable",
    `${file} cannot be read: ${why}.`,
    `Run \`${command}\` with a current version of the tool and deploy again.`,
  );
}
