import type { Front } from "../../proxy/forwarded.ts";

/** What the operator decides about browsers. */
export type BrowserSettings = {
  /** Whether callers need a token. Without one, a page that gives its own name to our address could do everything. */
  isTokenNeeded: boolean;
  /** Whether a browser can reach the runner at all: not on a Unix socket. */
  isReachable: boolean;
  /** Names of hosts, in lower case, for when none is. */
  allowedHosts: readonly string[];
  /** Origins whose pages may invoke. */
  corsOrigins: readonly string[];
  /** Below it each agent has an origin of its own. */
  agentDomain: string | undefined;
};

export type CallersOptions = {
  browsers: BrowserSettings;
  front: Front;
  /** Those that there are. */
  agents: () => Iterable<{ id: string }>;
};
