import { createLog } from "../../src/lib/log.ts";
import { type Access, type AccessSettings, openAccess } from "../../src/server/access/access.ts";
import { createFakeClock } from "./fake-clock.ts";

/** What a runner has without settings. */
export const OPEN: AccessSettings = {
  apiToken: undefined,
  tokensFile: undefined,
  allowFrom: [],
  allowNoToken: false,
};

/** Who may call under `settings`, with a clock and a log that nobody looks at. */
export function accessWith(settings: Partial<AccessSettings> = {}): Promise<Access> {
  const log = createLog({ level: "silent", format: "json" });
  return openAccess({ ...OPEN, ...settings }, { clock: createFakeClock(), log });
}
