export { madeList, prepareBuilder } from "./builder.ts";
export { treeName } from "./content-name.ts";
export { planDependencies } from "./detect.ts";
export type { DependencyPlan, DependencyStyle, LockFile } from "./plan.ts";
export { prepareBuild } from "./prepare.ts";
export type { MadeList } from "./prepare.ts";
export { keptDirectory } from "./kept-directory.ts";
export type { BuildSettings } from "./settings.ts";
export { openTree } from "./tree.ts";
