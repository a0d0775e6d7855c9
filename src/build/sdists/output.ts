import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import { checkedLock } from "../../dependencies/lock.ts";
import { canonicalName } from "../../dependencies/names.ts";
import type { DependencyPlan } from "../../dependencies/plan.ts";
import { LOCAL_FILE_PLACEHOLDER } from "../../dependencies/requirements.ts";
import { IMAGE_PATHS } from "../layout.ts";
import { refusePrivateHosts, splitCredentials, withTls } from "../indexes.ts";
import type { Resolution } from "../resolutions.ts";
import type { PackageSources } from "../settings.ts";
import { type SdistTask, WORK } from "./task.ts";

/** Reads what a source build wrote to `directory`, and checks it: package code may have written anything. */
export async function readSdistOutput(
  directory: string,
  { plan, task, sources }: { plan: DependencyPlan; task: SdistTask; sources: PackageSources },
): Promise<Resolution> {
  const names = await readdir(directory);
  const wheels = Object.fromEntries(
    names.filter((name) => name.endsWith(".whl")).map((name) => [projectOf(name), join(directory, name)]),
  );
  if (task.lock !== undefined) return { lock: task.lock, wheels };
  const file = plan.lock ?? "requirements.lock";
  const text = names.includes(file) ? await readFile(join(directory, file), "utf8") : "";
  const indexes = splitCredentials(sources);
  refusePrivateHosts(indexes, { [file]: text });
  const lock = withTls(text, indexes).replaceAll(
    `file://${IMAGE_PATHS.builder}/files/`,
    LOCAL_FILE_PLACEHOLDER,
  );
  if (file === "uv.lock") return { lock: { file, text: lock }, wheels };
  return { lock: { file, text: `${plan.files["indexes"] ?? ""}${checkedLock(lock, WORK)}` }, wheels };
}

/** The canonical name in a wheel's file name. */
function projectOf(wheel: string): string {
  return canonicalName(wheel.slice(0, wheel.indexOf("-")));
}
