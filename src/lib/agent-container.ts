/**
 * The user that an image names, for programs that run it by hand and for agents from before each had a user of its own.
 * Root owns the code, so that no agent can change its own.
 */
export const IMAGE_USER_ID = 10_001;

/** The agent's home directory, on a tmpfs. */
export const AGENT_HOME = "/home/agent";

/** Names the instance that a request is for. Our runtime refuses another's with 421. */
export const INSTANCE_HEADER = "x-oken-instance";

/** Seconds between SIGTERM and SIGKILL. */
export const STOP_GRACE_SECONDS = 10;
