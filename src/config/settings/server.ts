import {
  parseChoice,
  parseHost,
  parseNetworks,
  parseNumber,
  parsePath,
  parseSite,
  parseSocket,
} from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** Where the runner listens, who may call it, and where it keeps its state and its log. */
export const SERVER_SETTINGS = {
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
  socket: setting<string | undefined>({
    env: "OKEN_LISTEN",
    group: "Server",
    help: "unix:/run/oken.sock: a Unix socket to listen on instead of address and port, for the runner's user and group",
    default: undefined,
    parse: parseSocket(),
  }),
  tlsCertFile: setting<string | undefined>({
    env: "OKEN_TLS_CERT_FILE",
    group: "Server",
    help: "PEM file of a certificate, with those between it and its authority: serve HTTPS; read again when it changes",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  tlsKeyFile: setting<string | undefined>({
    env: "OKEN_TLS_KEY_FILE",
    group: "Server",
    help: "PEM file of the certificate's private key; read again when it changes",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  trustedProxies: setting<string | undefined>({
    env: "OKEN_TRUSTED_PROXIES",
    group: "Server",
    help: "addresses and networks of proxies whose X-Forwarded headers are believed, separated by commas; not set: nobody's are",
    default: undefined,
    parse: parseNetworks(),
  }),
  publicUrl: setting<string | undefined>({
    env: "OKEN_PUBLIC_URL",
    group: "Server",
    help: "address that agents are told to be reached by, where no trusted proxy says another; not set: the one that was called",
    default: undefined,
    parse: parseSite(),
  }),
  dataDir: setting({
    env: "OKEN_DATA_DIR",
    group: "Server",
    help: "directory for source, secrets and state; one runner per directory",
    default: "/tmp/oken",
    parse: parsePath(),
  }),
  secretsKeyFile: setting<string | undefined>({
    env: "OKEN_SECRETS_KEY_FILE",
    group: "Server",
    help: "file with the key that encrypts secrets on disk, and below it those that did before; not set: they are not encrypted",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  secretsDir: setting({
    env: "OKEN_SECRETS_DIR",
    group: "Server",
    help: "directory in memory where the engine finds encrypted secrets, opened, while an agent starts",
    default: "/dev/shm",
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
} satisfies Record<string, Setting>;
