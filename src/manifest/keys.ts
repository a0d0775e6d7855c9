export type ManifestKey = {
  /** The value when the key is not written. `OKEN_…` is a setting of the host. */
  default: string;
  meaning: string;
};

/** Every key of oken.toml, for its reader and for the documents. */
export const MANIFEST_KEYS = {
  name: { default: "required", meaning: "display name, up to 200 characters" },
  python_version: {
    default: "OKEN_DEFAULT_PYTHON",
    meaning: '`"3.9"` to `"3.14"`; `.python-version` and `requires-python` count as well',
  },
  entrypoint: { default: '"main.py"', meaning: 'a file, or `"module:attribute"`' },
  entrypoint_type: { default: "found in the code", meaning: '`"handler"`, `"agent"` or `"http"`' },
  warm_timeout: {
    default: "OKEN_DEFAULT_WARM_TIMEOUT",
    meaning:
      "seconds without a request before the agent is put to sleep; the next request wakes it. 0: never",
  },
  pause_after: {
    default: "OKEN_DEFAULT_PAUSE_AFTER",
    meaning:
      "seconds without a request before the agent is paused, less than `warm_timeout`; the next request resumes it. 0: never",
  },
  keep_warm: {
    default: "false",
    meaning: "true: the agent never sleeps, and is started again when it dies; see [below](#sleep)",
  },
  concurrency: {
    default: "10",
    meaning: "requests inside an instance at a time, 1 to 1000; further ones wait",
  },
  replicas: { default: "1", meaning: "instances, 1 to 16: `min` and `max` in one; see [below](#instances)" },
  min: { default: "1", meaning: "instances while the agent is awake, 1 to 16" },
  max: { default: "min", meaning: "instances under load, 1 to 16" },
  timeout: {
    default: "OKEN_INVOKE_TIMEOUT",
    meaning: "seconds for one invoke; a cold start and the wait for a turn do not count",
  },
  memory: { default: "OKEN_DEFAULT_MEMORY", meaning: '`"512m"`, `"1g"` or bytes; at most `OKEN_MAX_MEMORY`' },
  cpus: { default: "OKEN_DEFAULT_CPUS", meaning: "`0.5`, `2`; at most `OKEN_MAX_CPUS`" },
  port: { default: "OKEN_CONTAINER_PORT", meaning: "port of an `http` agent's own server" },
  health_path: { default: '"/health"', meaning: "path that tells when an `http` agent's server is ready" },
  egress: {
    default: '"internet"',
    meaning:
      'what the agent reaches: `"internet"`, `"none"`, or a list of host names; see [below](#the-network)',
  },
  system_packages: {
    default: "none",
    meaning: "Debian packages for the image; see [below](#debian-packages)",
  },
  volumes: {
    default: "none",
    meaning: "tables `[[volumes]]`: directories whose files last; see [below](#volumes)",
  },
  slug: { default: "none", meaning: "accepted, and not used here" },
} as const satisfies Record<string, ManifestKey>;
