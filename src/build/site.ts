import { IMAGE_PATHS } from "./layout.ts";
import type { DependencyPlan, LocalProject } from "../dependencies/plan.ts";

/**
 * Files for `site-packages`: what an editable install of the upload's own projects would write, made without running
 * their build backends. They say where the code is, and name the projects, their versions and entry points.
 */
export function siteFiles({
  importable,
  projects,
}: Pick<DependencyPlan, "importable" | "projects">): Record<string, string> {
  const files: Record<string, string> = {};
  if (importable.length > 0) {
    files["_oken_agent.pth"] = importable.map((directory) => `${IMAGE_PATHS.app}/${directory}\n`).join("");
  }
  for (const project of projects) Object.assign(files, distInfo(project));
  return files;
}

/** https://packaging.python.org/en/latest/specifications/recording-installed-packages/ */
function distInfo({ name, version, entryPoints }: LocalProject): Record<string, string> {
  if (!/^[A-Za-z0-9._-]+$/.test(name) || !/^[\w.+!-]+$/.test(version)) return {};
  const directory = `${name.replaceAll(/[-_.]+/g, "_")}-${version}.dist-info`;
  const groups = Object.entries(entryPoints).map(([group, entries]) => {
    const lines = Object.entries(entries).map(([key, value]) => `${key} = ${value}\n`);
    return `[${group}]\n${lines.join("")}`;
  });
  return {
    [`${directory}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${directory}/INSTALLER`]: "oken\n",
    ...(groups.length === 0 ? {} : { [`${directory}/entry_points.txt`]: groups.join("\n") }),
  };
}
