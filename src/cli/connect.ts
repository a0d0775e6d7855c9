import { DEFAULT_URL, parseAddress } from "../client/address.ts";
import { type Client, createClient } from "../client/client.ts";
import type { Context } from "./context.ts";
import { usageFailure } from "./failure.ts";

export type RunnerOptions = { url?: string | undefined; token?: string | undefined; json?: true | undefined };

/** The runner that the options name, or the environment, or nothing: then the one on this host. */
export function connect({ environment }: Context, { url, token }: RunnerOptions): Client {
  const text = firstSet(url, environment["OKEN_URL"]) ?? DEFAULT_URL;
  const address = parseAddress(text);
  if (address === undefined) {
    throw usageFailure(
      `${JSON.stringify(text)} is no address of a runner.`,
      "Write https://host:8000, host:8000 or unix:/path/to/socket.",
    );
  }
  return createClient({ address, token: firstSet(token, environment["OKEN_API_TOKEN"]) });
}

function firstSet(...values: (string | undefined)[]): string | undefined {
  return values.find((value) => value !== undefined && value !== "");
}
