import { KiB, MiB } from "../../lib/bytes.ts";
import { parseNumber, parseSize } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** How long calls may take, how large they may be, and how many may wait. */
export const INVOKE_SETTINGS = {
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
    help: "largest body of a request to an agent, on any path, and largest WebSocket message",
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
  drainTimeout: setting({
    env: "OKEN_DRAIN_TIMEOUT",
    group: "Invokes",
    help: "seconds that open requests and streams have to end when another process takes over",
    default: 300,
    parse: parseNumber({ min: 0, max: 86_400 }),
  }),
} satisfies Record<string, Setting>;
