import { rm } from "node:fs/promises";
import { connect } from "node:net";

import { Value } from "@sinclair/typebox/value";

import { type DescriptorBox, openDescriptorBox } from "../../lib/descriptors.ts";
import { StartError } from "../../lib/start-error.ts";
import { Left, Over, type Place, Refused, type Uses, Yours } from "./messages.ts";
import { takeoverPaths } from "./paths.ts";
import { type Talk, talkOver } from "./talk.ts";

/** How long the runner before may take to give way to one that is ready, milliseconds. It only has to flip. */
const OVER_TIMEOUT_MS = 10_000;

/** The runner that serves the data directory, and is ready to hand over to this process. */
export type Predecessor = AsyncDisposable & {
  /** Waits until it does nothing more, and takes what it leaves. Throws StartError if it goes on. */
  take(place: Place): Promise<Inheritance>;
  /**
   * This process can serve. From when this resolves it is the runner of the data directory. Gives what is inside the one
   * before.
   */
  succeed(requests: string): Promise<Uses>;
  /** Calls back with what is left of the requests inside it, until there are none. Resolves when it is gone. */
  attend(onLeft: (uses: Uses) => void): Promise<void>;
};

export type Inheritance = Omit<Yours, "uses"> & {
  uses: Uses;
  /** Holds the data directory's lock. */
  lock: number;
  /** What to listen on; undefined if that is elsewhere than before. */
  socket: number | undefined;
};

/** Undefined if no runner answers there, or none that knows how to hand over. */
export async function findPredecessor(dataDir: string): Promise<Predecessor | undefined> {
  if (process.platform !== "linux")
    throw new StartError("--takeover needs Linux; stop the runner, then start anew.");
  const paths = takeoverPaths(dataDir);
  const talk = await reach(paths.meeting);
  if (talk === undefined) return undefined;
  const box = await openDescriptorBox(paths.box);
  return {
    take: (place) => take(talk, { place, box, path: paths.box }),
    async succeed(requests) {
      talk.send({ requests });
      const answer = await talk.next(OVER_TIMEOUT_MS);
      if (!Value.Check(Over, answer)) throw goesOn("it did not give way");
      return answer.uses;
    },
    async attend(onLeft) {
      for (let said = await talk.next(); said !== undefined; said = await talk.next())
        if (Value.Check(Left, said)) onLeft(said.uses);
      onLeft({});
    },
    async [Symbol.asyncDispose]() {
      talk[Symbol.dispose]();
      box[Symbol.dispose]();
      await rm(paths.box, { force: true });
    },
  };
}

async function take(
  talk: Talk,
  { place, box, path }: { place: Place; box: DescriptorBox; path: string },
): Promise<Inheritance> {
  talk.send({ box: path, place });
  // It finishes its deploys first, and says so if they take too long.
  const answer = await talk.next();
  if (Value.Check(Refused, answer)) throw goesOn(answer.refused);
  const [lock, socket] = box.take() ?? [];
  if (!Value.Check(Yours, answer) || lock === undefined) throw goesOn("it ended the talk");
  return { ...answer, lock, socket };
}

function goesOn(why: string): StartError {
  return new StartError(`The runner of the data directory did not hand over: ${why}.`);
}

function reach(path: string): Promise<Talk | undefined> {
  const { promise, resolve } = Promise.withResolvers<Talk | undefined>();
  const socket = connect(path);
  socket.once("connect", () => resolve(talkOver(socket)));
  socket.once("error", () => resolve(undefined));
  return promise;
}
