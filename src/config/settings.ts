import { availableParallelism, totalmem } from "node:os";

import { GiB, KiB, MiB } from "../lib/bytes.ts";
import {
  parseChoice,
  parseHost,
  parseNumber,
  parsePath,
  parsePattern,
  parseSize,
  parseText,
  parseUrl,
  parseUrls,
} from "./parsers.ts";
import type { Parser } from "./parsers.ts";

type Value = string | number | undefined;

export type Setting<T extends Value = Value> = {
  env: `OKEN_${string}`;
  group: string;
  help: string;
  /** Undefined means: not set, and that is allowed. */
  default: T;
  parse: Parser<Exclude<T, undefined>>;
  /** Printed in help instead of the default when the default is computed. */
  shown?: string;
};

/**
 * Every setting once: what parses it, what it defaults to and what `serve --help` prints.
 * The flag of a setting is its variable without `OKEN_`, in kebab case: `OKEN_DATA_DIR` is `--data-dir`.
 */
export const SETTINGS = {
  host: setting({
    env: "OKEN_HOST",
    group: "Server",
    help: "address to listen on",
    default: "127.0.0.1",
    parse: parseHost(),
  }),
  port: setting({
    env: "OKEN_PORT",
    group: "Server",
    help: "port to listen on; 0 takes a free one",
    default: 8000,
    parse: parseNumber({ min: 0, max: 65_535, whole: true }),
  }),
  apiToken: setting<string | undefined>({
    env: "OKEN_API_TOKEN",
    group: "Server",
    help: "bearer token for every route but /health, /docs and /openapi.json; not set: no authentication",
    default: undefined,
    parse: parseText({ what: "a token of at least 16 characters", minLength: 16 }),
  }),
  dataDir: setting({
    env: "OKEN_DATA_DIR",
    group: "Server",
    help: "directory for source, secrets and state; one runner per directory",
    default: "/tmp/oken",
    parse: parsePath(),
  }),
  logLevel: setting({
    env: "OKEN_LOG_LEVEL",
    group: "Server",
    help: "lowest level that is logged: debug, info, warn or error",
    default: "info",
    parse: parseChoice(["debug", "info", "warn", "error"] as const),
  }),
  logFormat: setting({
    env: "OKEN_LOG_FORMAT",
    group: "Server",
    help: "json, pretty or auto; auto is pretty on a terminal and json elsewhere",
    default: "auto",
    parse: parseChoice(["auto", "json", "pretty"] as const),
  }),

  network: setting({
    env: "OKEN_DOCKER_NETWORK",
    group: "Containers",
    help: "Docker network of the agents, created when missing",
    default: "oken-agents",
    parse: parsePattern(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, "a Docker network name"),
  }),
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

  invokeTimeout: setting({
    env: "OKEN_INVOKE_TIMEOUT",
    group: "Invokes",
    help: "seconds for one invoke; a cold start does not count",
    default: 300,
    parse: parseNumber({ min: 0.1, max: 86_400 }),
  }),
  maxInvokeBytes: setting({
    env: "OKEN_MAX_INVOKE_BYTES",
    group: "Invokes",
    help: "largest body of an invoke, and largest WebSocket message",
    default: 16 * MiB,
    shown: "16m",
    parse: parseSize({ min: KiB }),
  }),
  maxQueue: setting({
    env: "OKEN_MAX_QUEUE",
    group: "Invokes",
    help: "invokes that may wait for one agent; further ones are answered 429",
    default: 100,
    parse: parseNumber({ min: 0, max: 100_000, whole: true }),
  }),
  queueTimeout: setting({
    env: "OKEN_QUEUE_TIMEOUT",
    group: "Invokes",
    help: "seconds that an invoke may wait for its turn",
    default: 30,
    parse: parseNumber({ min: 0.1, max: 3_600 }),
  }),

  pythonImage: setting({
    env: "OKEN_PYTHON_IMAGE",
    group: "Builds",
    help: "base image; {version} stands for 3.N",
    default: "python:{version}-slim-trixie",
    parse: parseText({ what: "an image reference with {version}", mustContain: "{version}" }),
  }),
  uvImage: setting({
    env: "OKEN_UV_IMAGE",
    group: "Builds",
    help: "image that holds /uv",
    default: "ghcr.io/astral-sh/uv:0.13.9",
    parse: parseText({ what: "an image reference" }),
  }),
  defaultPython: setting({
    env: "OKEN_DEFAULT_PYTHON",
    group: "Builds",
    help: "Python version of an agent that names none",
    default: "3.12",
    parse: parsePattern(/^3\.\d{1,2}$/, "3.N, such as 3.12"),
  }),
  indexUrl: setting<string | undefined>({
    env: "OKEN_INDEX_URL",
    group: "Builds",
    help: "package index instead of PyPI",
    default: undefined,
    parse: parseUrl(),
  }),
  caFile: setting<string | undefined>({
    env: "OKEN_CA_FILE",
    group: "Builds",
    help: "PEM file of certificate authorities that builds trust",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  extraIndexUrls: setting<string | undefined>({
    env: "OKEN_EXTRA_INDEX_URLS",
    group: "Builds",
    help: "further package indexes, separated by spaces",
    default: undefined,
    parse: parseUrls(),
  }),
  findLinks: setting<string | undefined>({
    env: "OKEN_FIND_LINKS",
    group: "Builds",
    help: "directory of wheels on this host; builds take packages from there too",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  offline: setting({
    env: "OKEN_OFFLINE",
    group: "Builds",
    help: "yes: builds use no package index; every package must be in OKEN_FIND_LINKS",
    default: "no",
    parse: parseChoice(["yes", "no"] as const),
  }),
  buildSdist: setting({
    env: "OKEN_BUILD_SDIST",
    group: "Builds",
    help: "packages that come only as source: isolated builds them in a container of their own, deny refuses them",
    default: "isolated",
    parse: parseChoice(["isolated", "deny"] as const),
  }),
  builderImage: setting<string | undefined>({
    env: "OKEN_BUILDER_IMAGE",
    group: "Builds",
    help: "image with a compiler, to build such packages in; {version} stands for 3.N; not set: the base image",
    default: undefined,
    parse: parseText({ what: "an image reference" }),
  }),
  maxBuilds: setting({
    env: "OKEN_MAX_BUILDS",
    group: "Builds",
    help: "agents built and started at the same time; further ones wait",
    default: availableParallelism(),
    shown: "the host's CPUs",
    parse: parseNumber({ min: 1, max: 1_024, whole: true }),
  }),
  maxBuildQueue: setting({
    env: "OKEN_MAX_BUILD_QUEUE",
    group: "Builds",
    help: "builds that may wait; further ones are answered 503",
    default: 64,
    parse: parseNumber({ min: 0, max: 10_000, whole: true }),
  }),
  buildTimeout: setting({
    env: "OKEN_BUILD_TIMEOUT",
    group: "Builds",
    help: "seconds for one build",
    default: 600,
    parse: parseNumber({ min: 1, max: 86_400 }),
  }),

  maxUploadBytes: setting({
    env: "OKEN_MAX_UPLOAD_BYTES",
    group: "Uploads",
    help: "largest tarball, compressed",
    default: 50 * MiB,
    shown: "50m",
    parse: parseSize({ min: KiB }),
  }),
  maxUnpackedBytes: setting({
    env: "OKEN_MAX_UNPACKED_BYTES",
    group: "Uploads",
    help: "largest tarball, unpacked",
    default: 250 * MiB,
    shown: "250m",
    parse: parseSize({ min: KiB }),
  }),
  maxFileBytes: setting({
    env: "OKEN_MAX_FILE_BYTES",
    group: "Uploads",
    help: "largest file in a tarball",
    default: 100 * MiB,
    shown: "100m",
    parse: parseSize({ min: KiB }),
  }),
  maxStagingBytes: setting({
    env: "OKEN_MAX_STAGING_BYTES",
    group: "Uploads",
    help: "most bytes that all uploads under way may hold on disk together",
    default: GiB,
    shown: "1g",
    parse: parseSize({ min: KiB }),
  }),
  minFreeBytes: setting({
    env: "OKEN_MIN_FREE_BYTES",
    group: "Uploads",
    help: "free bytes on the data directory's disk below which deploys are refused",
    default: 256 * MiB,
    shown: "256m",
    parse: parseSize({ min: 0 }),
  }),
  maxEntries: setting({
    env: "OKEN_MAX_ENTRIES",
    group: "Uploads",
    help: "most files and directories in a tarball",
    default: 20_000,
    parse: parseNumber({ min: 1, max: 10_000_000, whole: true }),
  }),
} satisfies Record<string, Setting>;

function setting<T extends Value>(entry: Setting<T>): Setting<T> {
  return entry;
}
