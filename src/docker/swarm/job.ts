import { undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { filterArgs, labelArgs } from "../labels.ts";
import { linesOf } from "../lines.ts";

/** A program that runs once on each node that it may run on, with no right that a container can do without. */
export type Job = {
  name: string;
  /** Whose it is. It has none of the labels of an agent's. */
  labels: Record<string, string>;
  /** More of `docker service create`: where it runs, and in which network. */
  options?: string[];
  /** Of the user and of its group. */
  userId: number;
  image: string;
  /** The program with its arguments. */
  command: [string, ...string[]];
};

type Exec = Pick<DockerExec, "run">;

/** A job that fails is not tried again. */
export function jobArgs({ name, labels, options = [], userId, image, command }: Job): string[] {
  const [program, ...args] = command;
  return [
    ...["service", "create", "--detach", "--quiet"],
    ...["--name", name],
    ...labelArgs(labels),
    ...["--mode", "global-job"],
    ...["--restart-condition", "none"],
    ...options,
    ...["--no-resolve-image", "--with-registry-auth"],
    ...["--user", `${userId}:${userId}`],
    ...["--cap-drop", "ALL"],
    "--read-only",
    "--no-healthcheck",
    ...["--limit-memory", "64m"],
    ...["--limit-pids", "16"],
    ...["--log-driver", "none"],
    ...["--entrypoint", program],
    "--",
    image,
    ...args,
  ];
}

function jobListArgs(labels: Record<string, string>): string[] {
  return ["service", "ls", "--quiet", ...filterArgs(labels)];
}

/** Begins a job, and removes it when `untilOver` resolves or rejects. What cannot be removed goes with `removeJobs`. */
export async function runJob(exec: Exec, job: Job, untilOver: () => Promise<void>): Promise<void> {
  try {
    await exec.run(jobArgs(job));
    await untilOver();
  } finally {
    await remove(exec, [job.name]).catch(() => undefined);
  }
}

/** Removes the jobs that a crash has left. */
export async function removeJobs(exec: Exec, labels: Record<string, string>): Promise<void> {
  const left = linesOf(await exec.run(jobListArgs(labels)));
  // One that was under way may have ended.
  if (left.length > 0) await remove(exec, left).catch(undefinedIfNoSuchObject);
}

async function remove(exec: Exec, services: string[]): Promise<void> {
  await exec.run(["service", "rm", "--", ...services]);
}
