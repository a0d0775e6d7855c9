import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { undefinedIfMissing } from "../lib/files.ts";
import { parseJson } from "../lib/json.ts";
import type { Check } from "./check.ts";

const Identity = Type.Object({ runnerId: Type.String() });

/**
 * Whether the data directory of a runner that serves is still its own. What it runs answers from memory, also when the
 * files are gone: nobody else would say it before the next start, which then knows none of its agents.
 */
export function ownDataDirCheck(dataDir: string, runnerId: string): Check {
  return {
    name: "data-dir",
    async look() {
      const text = await readFile(join(dataDir, "runner.json"), "utf8").catch(undefinedIfMissing);
      const identity = text === undefined ? undefined : parseJson(text);
      if (Value.Check(Identity, identity) && identity.runnerId === runnerId)
        return { state: "ok", found: "The data directory is the runner's own" };
      return {
        state: "failed",
        found: `The files in ${dataDir} were removed or exchanged while the runner ran: its next start will not know its agents`,
        advice:
          "stop it, put back a backup of the directory, and start it; agents that run answer until then",
      };
    },
  };
}
