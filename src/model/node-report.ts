/** What the engine of a node says of itself, as far as agents of a swarm depend on it. */
export type NodeReport = {
  /** `active` for a node of a swarm. */
  swarm: string;
  /** Its address in the swarm. */
  address: string;
  isManager: boolean;
  managers: number;
  /** Milliseconds; undefined on workers, who are not told. */
  heartbeatMs: number | undefined;
  /** Where ports are published that name no address. */
  publishesAt: string;
  /** Whether containers of its default network reach each other. */
  icc: boolean;
  noNewPrivileges: boolean;
  /** Undefined where its configuration cannot be read. */
  userlandProxy: boolean | undefined;
  liveRestore: boolean;
};
