import { readFile } from "node:fs/promises";

import type { Clock } from "../../lib/clock.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { LOOPBACK, createNetworkList } from "../../lib/networks.ts";
import { StartError } from "../../lib/start-error.ts";
import { watchFiles } from "../../lib/watched-files.ts";
import { authenticate } from "./authenticate.ts";
import { SCOPES } from "./scopes.ts";
import { type Token, parseTokens, tokenOf } from "./tokens.ts";

/** Who may call, as the operator decides. */
export type AccessSettings = {
  /** May do everything. */
  apiToken: string | undefined;
  tokensFile: string | undefined;
  /** Addresses and networks; none: all. */
  allowFrom: readonly string[];
  allowNoToken: boolean;
};

/** The name of the one token that has no other. */
const API_TOKEN = "OKEN_API_TOKEN";

export type Access = Disposable & {
  /**
   * The name of the request's token; undefined if it needs none. A token is taken out of the request, so that no agent
   * sees it.
   *
   * @param peerOf asked only where addresses matter; undefined for a caller on a Unix socket
   * @throws RunnerError FORBIDDEN or UNAUTHORIZED
   */
  admit(request: Request, path: string, peerOf: () => string | undefined): string | undefined;
  /** Takes another API token. Throws if that would change whether a token is needed at all. */
  reload(apiToken: string | undefined): void;
  /** Reads the file of further tokens now. Rejects if it cannot be used, and the tokens stay as they were. */
  reread(): Promise<void>;
};

/** Reads the tokens, and again when their file changes. Throws StartError for a file that cannot be used. */
export async function openAccess(
  settings: AccessSettings,
  parts: { clock: Pick<Clock, "timer">; log: Log },
): Promise<Access> {
  const { tokensFile } = settings;
  let own = ownTokens(settings.apiToken);
  let others: Token[] = [];
  const reload = (apiToken: string | undefined) => {
    if ((apiToken === undefined) !== (own.length === 0) && tokensFile === undefined)
      throw new Error("whether a token is needed at all changes only with the next start");
    own = ownTokens(apiToken);
  };
  const read = async () => {
    if (tokensFile !== undefined) others = parseTokens(await readFile(tokensFile, "utf8"));
  };
  const tokens = () => [...own, ...others];
  const rights = { tokens, reload, reread: read };
  if (tokensFile === undefined) return createAccess(settings, rights);
  const watch = await watchFiles([tokensFile], {
    clock: parts.clock,
    onChange: () =>
      read().then(
        () => parts.log.info({ tokens: tokens().map(({ name }) => name) }, "the tokens were read again"),
        (error: unknown) =>
          parts.log.error(
            { reason: messageOf(error) },
            "the tokens stay as they were: their file is not valid",
          ),
      ),
  });
  try {
    await read();
  } catch (error) {
    watch[Symbol.dispose]();
    throw new StartError(`OKEN_API_TOKENS_FILE is ${JSON.stringify(tokensFile)}, but ${messageOf(error)}.`);
  }
  return createAccess(settings, rights, watch);
}

function ownTokens(apiToken: string | undefined): Token[] {
  return apiToken === undefined ? [] : [tokenOf(API_TOKEN, SCOPES, apiToken)];
}

function createAccess(
  { allowFrom }: Pick<AccessSettings, "allowFrom">,
  { tokens, reload, reread }: Pick<Access, "reload" | "reread"> & { tokens: () => readonly Token[] },
  watch?: Disposable,
): Access {
  const allowed = allowFrom.length === 0 ? undefined : createNetworkList([...LOOPBACK, ...allowFrom]);
  return {
    admit(request, path, peerOf) {
      if (allowed !== undefined) {
        const peer = peerOf();
        if (peer !== undefined && !allowed.has(peer)) throw notAllowed(peer);
      }
      const known = tokens();
      if (known.length === 0) return undefined;
      const token = authenticate(known, request, path);
      if (token !== undefined) request.headers.delete("authorization");
      return token?.name;
    },
    reload,
    reread,
    [Symbol.dispose]: () => watch?.[Symbol.dispose](),
  };
}

function notAllowed(peer: string): RunnerError {
  return new RunnerError("FORBIDDEN", `Calls from ${peer} are not allowed here: see OKEN_ALLOW_FROM.`);
}
