import { type Static, Type } from "@sinclair/typebox";

/** A process that runs the agents of a data directory, as it writes itself into the engine. */
export const Holder = Type.Object({
  /** Made anew for each process. */
  nonce: Type.String(),
  host: Type.String(),
  /** Made anew when the host starts. */
  boot: Type.String(),
  pid: Type.Integer(),
  /** When the process started: a number may be another's later. */
  started: Type.String(),
  /** Within which `pid` is its number. */
  pidNamespace: Type.String(),
  dataDir: Type.String(),
  /** The inode of the directory's lock. A copy has another. */
  lock: Type.String(),
  /** The device of that file's file system; absent in claims of earlier versions. */
  device: Type.Optional(Type.String()),
  /** The user ids that its operator gave to its agents, the first and the last; absent where each runner chooses. */
  uids: Type.Optional(Type.Tuple([Type.Integer(), Type.Integer()])),
  /** Where it serves, as others reach it; absent where that is not known. */
  url: Type.Optional(Type.String()),
});

export type Holder = Static<typeof Holder>;

export type Life = "running" | "ended" | "unknown";
