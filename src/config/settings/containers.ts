import { availableParallelism, totalmem } from "node:os";

import { GiB, MiB } from "../../lib/bytes.ts";
import { parseChoice, parseNumber, parsePathOr, parsePattern, parseRange, parseSize } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** How agents run: their start, and their share of the host. */
export const CONTAINER_SETTINGS = {
  containerPort: setting({
    env: "OKEN_CONTAINER_PORT",
    group: "Containers",
    help: "port an agent is told to listen on in $PORT",
    default: 8080,
    parse: parseNumber({ min: 1024, max: 65_535, whole: true }),
  }),
  containerRuntime: setting<string | undefined>({
    env: "OKEN_CONTAINER_RUNTIME",
    group: "Containers",
    help: "OCI runtime for agents, such as runsc; not set: the engine's default",
    default: undefined,
    parse: parsePattern(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, "the name of a runtime that the engine knows"),
  }),
  seccompProfile: setting<string | undefined>({
    env: "OKEN_SECCOMP_PROFILE",
    group: "Containers",
    help: "file with the agents' seccomp profile, or engine for the engine's own; not set: the runner's, which is stricter",
    default: undefined,
    parse: parsePathOr("engine"),
  }),
  redactLogs: setting({
    env: "OKEN_REDACT_LOGS",
    group: "Containers",
    help: "yes: the values of an agent's secrets are cut from its log",
    default: "no",
    parse: parseChoice(["no", "yes"] as const),
  }),
  logRate: setting({
    env: "OKEN_LOG_RATE",
    group: "Containers",
    help: "bytes a second that an instance's log takes for long; four seconds' worth at once; 0: any number",
    default: MiB,
    parse: parseSize({ min: 0 }),
  }),
  uidRange: setting<string | undefined>({
    env: "OKEN_UID_RANGE",
    group: "Containers",
    help: "user ids for agents, such as 200000-299999; each agent has its own; not set: a range that nobody else uses",
    default: undefined,
    parse: parseRange({ min: 1, max: 2 ** 31 - 1 }),
  }),
  agentCgroup: setting<string | undefined>({
    env: "OKEN_AGENT_CGROUP",
    group: "Containers",
    help: "control group for the agents, a path or a systemd slice; not set: the runner makes one with eight times the usual weight, where it may",
    default: undefined,
    parse: parsePattern(/^\/?[a-zA-Z0-9_.-]+(\/[a-zA-Z0-9_.-]+)*$/, "a path of letters, digits and _ . - /"),
  }),
  healthCheckTimeout: setting({
    env: "OKEN_HEALTH_CHECK_TIMEOUT",
    group: "Containers",
    help: "seconds that an agent may take to start",
    default: 30,
    parse: parseNumber({ min: 1, max: 3_600 }),
  }),
  defaultWarmTimeout: setting({
    env: "OKEN_DEFAULT_WARM_TIMEOUT",
    group: "Containers",
    help: "seconds without a request before an agent is put to sleep; 0: never",
    default: 300,
    parse: parseNumber({ min: 0, max: 31_536_000 }),
  }),
  defaultPauseAfter: setting({
    env: "OKEN_DEFAULT_PAUSE_AFTER",
    group: "Containers",
    help: "seconds without a request before an agent is paused, which keeps its memory and answers sooner than one that sleeps; 0: never",
    default: 0,
    parse: parseNumber({ min: 0, max: 31_536_000 }),
  }),
  cleanupInterval: setting({
    env: "OKEN_CLEANUP_INTERVAL",
    group: "Containers",
    help: "seconds between two checks for idle agents",
    default: 30,
    parse: parseNumber({ min: 0.05, max: 86_400 }),
  }),
  defaultMemory: setting({
    env: "OKEN_DEFAULT_MEMORY",
    group: "Containers",
    help: "memory of an agent whose oken.toml names none",
    default: 512 * MiB,
    shown: "512m",
    parse: parseSize({ min: 32 * MiB }),
  }),
  maxMemory: setting({
    env: "OKEN_MAX_MEMORY",
    group: "Containers",
    help: "most memory that an agent may ask for",
    default: Math.max(totalmem(), GiB),
    shown: "the host's",
    parse: parseSize({ min: 32 * MiB }),
  }),
  defaultCpus: setting({
    env: "OKEN_DEFAULT_CPUS",
    group: "Containers",
    help: "CPUs of an agent whose oken.toml names none",
    default: 1,
    parse: parseNumber({ min: 0.01, max: 1_024 }),
  }),
  maxCpus: setting({
    env: "OKEN_MAX_CPUS",
    group: "Containers",
    help: "most CPUs that an agent may ask for",
    default: availableParallelism(),
    shown: "the host's",
    parse: parseNumber({ min: 0.01, max: 1_024 }),
  }),
} satisfies Record<string, Setting>;
