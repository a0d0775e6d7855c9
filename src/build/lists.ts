import { treeName } from "./content-name.ts";
import type { MadeList } from "./prepare.ts";
import type { DependencyPlan } from "../dependencies/plan.ts";
import type { BuildJob } from "./job.ts";
import { keptLists } from "./kept-list.ts";
import type { KeptLists } from "./kept-list.ts";

/** The lists kept for the agent of this build. */
export async function openLists({ options, plan }: BuildJob): Promise<KeptLists> {
  const { settings, manifest, tree } = options;
  // The wheel of a project whose own code is compiled holds that code.
  const isOwnCode = plan.builds.length > 0 || plan.dynamic.length > 0;
  return keptLists({
    keepDir: options.keepDir,
    plan,
    python: `${manifest.pythonVersion} ${settings.builderImage ?? settings.pythonImage}`,
    code: isOwnCode ? await treeName("code", tree) : "",
    inUse: options.packagesInUse ?? (() => []),
  });
}

/** The list that an earlier build of this upload was made from, else what these dependency files came to before. */
export async function findList(
  lists: KeptLists,
  asked: string | undefined,
): Promise<{ name: string; made: MadeList | undefined }> {
  const same = asked === undefined ? undefined : await lists.find(asked);
  if (asked !== undefined && same !== undefined) return { name: asked, made: same };
  return { name: lists.name, made: await lists.find(lists.name) };
}

/** Whether packages are known to be had only as source, and have not been built. */
export function needsSources(plan: DependencyPlan, made: MadeList | undefined): boolean {
  const mustBuild = Object.keys(plan.sdists).length > 0 || plan.builds.length > 0;
  if (made === undefined) return mustBuild || plan.dynamic.length > 0;
  return mustBuild && Object.keys(made.wheels).length === 0;
}
