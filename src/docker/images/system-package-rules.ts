import { nearest } from "../../lib/nearest.ts";
import type { Rule } from "./build-failure-rules.ts";

const ADVICE = "Correct system_packages in oken.toml.";

/**
 * What the step that installs Debian packages says in its last line. A full disk is left to the rule for it. The step's
 * program: src/build/system/install.py
 */
export const SYSTEM_PACKAGE_RULES: Rule[] = [
  {
    kind: "no_such_package",
    pattern: /^system_packages: there is no package (\S{1,200}) in ([^;\n]{1,200}); near are: ?(.*)$/m,
    sentence: (_, [, name = "", distribution, near = ""]) => {
      const like = nearest(name, near.split(" "));
      const hint = like === undefined ? "" : `; did you mean ${like}?`;
      return `system_packages: there is no package ${name} in ${distribution}${hint || "."}`;
    },
    hint: ADVICE,
  },
  {
    kind: "no_such_version",
    pattern: /^system_packages: (.{1,500} has no version .{1,500})$/m,
    sentence: (_, [, words = ""]) => told(words),
    hint: `${ADVICE} A name without a version takes the newest.`,
  },
  {
    kind: "index_unreachable",
    pattern: /^system_packages: (the mirror of .{1,1200})$/m,
    sentence: (_, [, words = ""]) => told(words),
    hint: "Try again later. If it still fails, the operator checks OKEN_APT_MIRROR and the host's network.",
  },
  {
    kind: "no_solution",
    pattern: /^system_packages: (apt refuses: The repository .{1,1000})$/m,
    sentence: (_, [, words = ""]) => told(words),
    hint: "The operator checks OKEN_APT_MIRROR: packages come only from an index that Debian has signed.",
  },
  {
    kind: "base_image",
    pattern: /^system_packages: (the base image is .{1,500})$/m,
    sentence: (_, [, words = ""]) => told(words),
    hint: "Leave system_packages out, or ask the operator for a base image of Debian (OKEN_PYTHON_IMAGE).",
  },
  {
    kind: "no_solution",
    pattern: /^system_packages: (?!.*no space left)(.{1,1200})$/im,
    sentence: (_, [, words = ""]) => told(words),
    hint: ADVICE,
  },
];

/** Some of apt's own words end with a full stop. */
function told(words: string): string {
  return `system_packages: ${words.replace(/\.$/, "")}.`;
}
