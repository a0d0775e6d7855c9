/** Numeric user and group of every agent, above all system users. Root owns its code, so the agent cannot change it. */
export const AGENT_USER = "10001:10001";

/** The agent's home directory, on a tmpfs. */
export const AGENT_HOME = "/home/agent";

/** Seconds between SIGTERM and SIGKILL. */
export const STOP_GRACE_SECONDS = 10;
