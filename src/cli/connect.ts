import { type Address, DEFAULT_URL, parseAddress } from "../client/address.ts";
import { type Client, createClient } from "../client/client.ts";
import type { Context } from "./context.ts";
import { usageFailure } from "./failure.ts";
import type { Host } from "./hosts/file.ts";

export type RunnerOptions = { url?: string | undefined; token?: string | undefined; json?: true | undefined };

/**
 * The runner that an option names, else the environment, else `login`; else the one on this host. The token that was
 * kept with a name is sent to that host alone.
 */
export async function connect(context: Context, options: RunnerOptions): Promise<Client> {
  const { environment } = context;
  const text = firstSet(options.url, environment["OKEN_URL"]);
  const host = await keptHost(context, text);
  const address = addressOf(host?.url ?? text ?? DEFAULT_URL);
  return createClient({
    address,
    token: firstSet(options.token, host?.token, environment["OKEN_API_TOKEN"]),
  });
}

export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw usageFailure(
    `${JSON.stringify(text)} is no address of a runner.`,
    "Write https://host:8000, host:8000 or unix:/path/to/socket, or a name that login keeps.",
  );
}

/** Only a name, or nothing, needs the file. */
async function keptHost({ environment }: Context, text: string | undefined): Promise<Host | undefined> {
  if (text !== undefined && /[:/.]/.test(text)) return undefined;
  const { readHosts } = await import("./hosts/file.ts");
  const { hosts, default: usual } = await readHosts(environment);
  const name = text ?? usual;
  return name === undefined ? undefined : hosts[name];
}

function firstSet(...values: (string | undefined)[]): string | undefined {
  return values.find((value) => value !== undefined && value !== "");
}
