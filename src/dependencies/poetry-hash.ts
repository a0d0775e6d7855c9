import { createHash } from "node:crypto";

import type { Pyproject } from "../manifest/pyproject.ts";
import { table } from "../manifest/toml.ts";
import { pythonJson } from "./python-json.ts";

const LEGACY_KEYS = ["dependencies", "source", "extras", "dev-dependencies"];
const POETRY_KEYS = [...LEGACY_KEYS, "group"];
const PROJECT_KEYS = ["requires-python", "dependencies", "optional-dependencies"];

/**
 * The values that `metadata.content-hash` of a matching `poetry.lock` can have. Poetry before 2.2 left
 * `[dependency-groups]` out.
 * https://github.com/python-poetry/poetry/blob/main/src/poetry/packages/locker.py, `_get_content_hash`
 */
export function poetryContentHashes({ project, tool, groups }: Pyproject): string[] {
  const relevantProject = present(project ?? {}, PROJECT_KEYS);
  const poetry = table(tool["poetry"]) ?? {};
  const hashes = [undefined, groups].map((group) => {
    const modern = Object.keys(relevantProject).length > 0 || group !== undefined;
    const relevantPoetry: Record<string, unknown> = {};
    for (const key of POETRY_KEYS) {
      const absentKept = LEGACY_KEYS.includes(key) && !modern;
      if (poetry[key] !== undefined) relevantPoetry[key] = poetry[key];
      else if (absentKept) relevantPoetry[key] = null;
    }
    const content = modern
      ? {
          project: relevantProject,
          tool: { poetry: relevantPoetry },
          ...(group === undefined ? {} : { "dependency-groups": group }),
        }
      : relevantPoetry;
    return createHash("sha256")
      .update(pythonJson(content, { item: ", ", key: ": " }))
      .digest("hex");
  });
  return [...new Set(hashes)];
}

function present(from: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
}
