import { type Static, Type } from "@sinclair/typebox";

/** Requests inside an instance, by the id of its container. */
export const Uses = Type.Record(Type.String(), Type.Integer());
export type Uses = Static<typeof Uses>;

/** Where a runner listens. Port 0 is any. */
export const Place = Type.Object({
  host: Type.String(),
  port: Type.Integer(),
  socket: Type.Optional(Type.String()),
});
export type Place = Static<typeof Place>;

/** First: the new runner has made its checks and can begin. */
export const Ask = Type.Object({ box: Type.String(), place: Place });

/** The runner before does nothing more, and has left its lock and, if the places are the same, its socket. */
export const Yours = Type.Object({
  pid: Type.Integer(),
  /** The port that it listens on. */
  port: Type.Integer(),
  /** Runs whose docker commands are still needed. */
  runs: Type.Array(Type.String()),
  uses: Uses,
});
export type Yours = Static<typeof Yours>;

/** The runner before goes on. */
export const Refused = Type.Object({ refused: Type.String() });

/** The new runner could serve, and takes requests that came to the one before at this path. */
export const Ready = Type.Object({ requests: Type.String() });

/** From now on the new runner is the one of the data directory. */
export const Over = Type.Object({ over: Type.Literal(true), uses: Uses });

/** Later, and often: what is left of the requests inside. */
export const Left = Type.Object({ uses: Uses });
