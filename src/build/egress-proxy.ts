import agents from "./egress-proxy.py" with { type: "text" };
import gateway from "./sdists/gateway.py" with { type: "text" };
import tunnels from "./sdists/tunnels.py" with { type: "text" };
import { ALL_NOT_PUBLIC } from "../lib/networks.ts";
import { allowedHosts, debianHosts, splitCredentials } from "./indexes.ts";
import type { BuildSettings } from "./settings.ts";

/** The proxy of agents that name the hosts they reach. */
export const EGRESS_PROXY = oneProgram(agents);

/** The proxy of the steps that fetch packages: the gateway of source builds, told to let any public host through. */
export const FETCH_PROXY = oneProgram(gateway);

/** What the proxy of the steps that fetch is told: only the operator's indexes and mirrors may be inside the host's networks. */
export function fetchProxyConfig({ packageSources, ownAddresses }: BuildSettings): string {
  return JSON.stringify({
    allow: [...allowedHosts(splitCredentials(packageSources), {}), ...debianHosts(packageSources)],
    public: true,
    logins: [],
    closed: ALL_NOT_PUBLIC,
    ownAddresses: ownAddresses ?? [],
    upstream: null,
  });
}

/** What a program imports is made before it begins. A JSON text is one of Python, too. */
function oneProgram(program: string): string {
  return `import sys, types
module = types.ModuleType("tunnels")
sys.modules["tunnels"] = module
exec(${JSON.stringify(tunnels)}, module.__dict__)
__file__ = "/oken/proxy.py"
exec(${JSON.stringify(program)})
`;
}
