import type { Standby } from "../agents/ownership/lease.ts";
import { serverSettings } from "../config/derived.ts";
import type { Config } from "../config/load.ts";
import type { Log } from "../lib/log.ts";
import type { PassedSocket } from "../server/listening/passed-socket.ts";
import { serveStandby } from "../server/listening/standby.ts";

/** How a runner that does not serve yet says why. */
export type Meanwhile = AsyncDisposable & {
  onWait: (standby: Standby) => void;
  /** What would be wrong if it served, as a sentence. */
  onFlaw: (flaw: string | undefined) => void;
};

type Options = {
  log: Log;
  /** Nobody else answers there. */
  listens: boolean;
  /** Where it listens, if a service manager has passed that. */
  passed: PassedSocket | undefined;
};

/** Tells the log and, unless somebody else listens there, whoever calls. */
export async function answerMeanwhile(config: Config, { log, listens, passed }: Options): Promise<Meanwhile> {
  let said = standbySentence(undefined);
  let flaw: string | undefined;
  const why = () => (flaw === undefined ? said : `${said} ${flaw}`);
  const server = listens ? await serveStandby(serverSettings(config).listen, why, passed) : undefined;
  return {
    onWait(standby) {
      const sentence = standbySentence(standby);
      if (sentence !== said) log.info(sentence);
      said = sentence;
    },
    onFlaw: (found) => void (flaw = found),
    [Symbol.asyncDispose]: async () => server?.[Symbol.asyncDispose](),
  };
}

/** Why this runner does not serve, as a sentence for callers. */
function standbySentence(standby: Standby | undefined): string {
  if (standby === undefined) return "This runner is starting.";
  if ("reason" in standby) return `This runner cannot start yet: ${standby.reason}`;
  const { holder } = standby;
  if (holder === undefined) return "standby: another runner is active.";
  const at = holder.url === undefined ? "" : `, at ${holder.url}`;
  return `standby: process ${holder.pid} on ${holder.host} is active${at}.`;
}
