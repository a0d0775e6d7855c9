/** The steps at which a test kills the runner: after each of them a new start must find its way. */
export const FAIL_POINTS = [
  /** The upload is a tree in `staging`. */
  "deploy.extracted",
  /** The tree is the new version's. */
  "deploy.kept",
  "deploy.built",
  /** The new version is ready, and nothing on disk says so. */
  "deploy.started",
  /** The swarm keeps what `agent.json` is to be. */
  "record.kept",
  /** A record is whole in a file beside its own. */
  "record.written",
  /** Of two versions with the same volume the old one has ended, and nothing on disk says so. */
  "handover.ended",
  /** The new one serves, and the stopped container of the old one is there. */
  "handover.served",
  /** The new one has failed, and the old one is to serve again. */
  "handover.failed",
  /** `agent.json` names the version. The old one still has the calls. */
  "commit.written",
  "commit.flipped",
  /** The old instance has nobody inside. */
  "retire.drained",
  "retire.removed",
  /** The files of a version that is kept no longer are gone. */
  "discard.files",
  "discard.container",
  "rollback.started",
  /** A wake, or a start by request, has its instance. */
  "start.ready",
  "start.written",
  /** One more instance is ready, and takes no calls yet. */
  "replica.ready",
  "stop.written",
  "stop.stopped",
  /** Nobody has used it for long. */
  "sleep.stopped",
  "remove.stopped",
  /** Nothing but data of it is in the engine. */
  "remove.emptied",
  /** The swarm keeps nothing of it any more, and the disk has it. */
  "remove.dropped",
  /** Its directory is among those that were removed, and keeps its name until its data is gone. */
  "remove.renamed",
  "remove.files",
  "remove.volumes",
  /** The start of the runner. */
  "load.cleared",
  "load.read",
  "reconcile.listed",
  "reconcile.adopted",
  "reconcile.done",
] as const;

export type FailPoint = (typeof FAIL_POINTS)[number];

/** Says that a step has been reached, which is nothing to anybody but a test. */
export type Reach = (point: FailPoint) => Promise<void>;

export const reachNothing: Reach = () => Promise.resolve();
