import { parseDomain, parseHostNames, parseOrigins } from "../host-parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** What web pages may do that browsers show to people who can reach the runner. */
export const BROWSER_SETTINGS = {
  allowedHosts: setting<string | undefined>({
    env: "OKEN_ALLOWED_HOSTS",
    group: "Browsers",
    help: "names of hosts, separated by commas, that the runner answers to without a token, beside IP addresses, localhost and the host of OKEN_PUBLIC_URL",
    default: undefined,
    parse: parseHostNames(),
  }),
  corsOrigins: setting<string | undefined>({
    env: "OKEN_CORS_ORIGINS",
    group: "Browsers",
    help: "origins such as https://app.example.com, separated by commas, whose pages may call agents; not set: none may",
    default: undefined,
    parse: parseOrigins(),
  }),
  agentDomain: setting<string | undefined>({
    env: "OKEN_AGENT_DOMAIN",
    group: "Browsers",
    help: "domain below which each agent has an origin of its own, http://<id>.<domain>/; not set: agents' pages are sandboxed",
    default: undefined,
    parse: parseDomain(),
  }),
} satisfies Record<string, Setting>;
