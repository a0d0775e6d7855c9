import { parseChoice, parseNetworks, parsePath, parseToken } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** Who may call the API. */
export const ACCESS_SETTINGS = {
  apiToken: setting<string | undefined>({
    env: "OKEN_API_TOKEN",
    group: "Access",
    help: "bearer token for every route but /, /health, /docs and /openapi.json; not set: no authentication",
    default: undefined,
    parse: parseToken(16),
  }),
  tokensFile: setting<string | undefined>({
    env: "OKEN_API_TOKENS_FILE",
    group: "Access",
    help: "file of further tokens, each with a name and what it may do; read again when it changes",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  allowFrom: setting<string | undefined>({
    env: "OKEN_ALLOW_FROM",
    group: "Access",
    help: "addresses and networks that may call, separated by commas; this host always may; not set: all",
    default: undefined,
    parse: parseNetworks(),
  }),
  allowNoToken: setting({
    env: "OKEN_ALLOW_NO_TOKEN",
    group: "Access",
    help: "yes: serve other machines without a token; whoever reaches the port can then run code on this host",
    default: "no",
    parse: parseChoice(["yes", "no"] as const),
  }),
} satisfies Record<string, Setting>;
