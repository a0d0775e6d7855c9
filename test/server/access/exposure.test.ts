import { expect, test } from "bun:test";

import { createLog } from "../../../src/lib/log.ts";
import { StartError } from "../../../src/lib/start-error.ts";
import type { AccessSettings } from "../../../src/server/access/access.ts";
import { requireProtection } from "../../../src/server/access/exposure.ts";
import { OPEN } from "../../helpers/access.ts";

/** What a start on these addresses says in the log. */
function start(addresses: string[], settings: Partial<AccessSettings> = {}) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: "info", format: "json", destination });
  requireProtection({ host: "a-host", addresses }, { ...OPEN, ...settings }, log);
  return lines;
}

test.each([[["127.0.0.1"]], [["::1"]], [["127.0.1.1", "::1"]]])("%j needs no token", (addresses) => {
  expect(start(addresses)).toEqual([]);
});

test.each([[["0.0.0.0"]], [["::"]], [["192.0.2.1"]], [["127.0.0.1", "192.0.2.1"]]])(
  "%j is refused without one, and says so at each start where that is wanted",
  (addresses) => {
    const sentence =
      'OKEN_HOST is "a-host", which other machines reach, and no token keeps them from running code here; set OKEN_API_TOKEN or OKEN_API_TOKENS_FILE, or OKEN_ALLOW_NO_TOKEN=yes, best with OKEN_ALLOW_FROM.';
    expect(() => start(addresses)).toThrow(new StartError(sentence));
    expect(() => start(addresses, { allowFrom: ["10.0.0.0/8"] })).toThrow(StartError);
    expect(start(addresses, { apiToken: "a-token-of-some-length" })).toEqual([]);
    expect(start(addresses, { tokensFile: "/etc/tokens" })).toEqual([]);
    const warning = { level: "warn", host: "a-host" };
    expect(start(addresses, { allowNoToken: true })).toMatchObject([{ ...warning, from: "anywhere" }]);
    expect(start(addresses, { allowNoToken: true, allowFrom: ["10.0.0.0/8", "::2"] })).toMatchObject([
      { ...warning, from: "10.0.0.0/8, ::2" },
    ]);
  },
);
