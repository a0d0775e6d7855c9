import { parseNumber } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 365 * DAY_SECONDS;

/** What is kept of agents, and for how long. */
export const AGENT_SETTINGS = {
  keepVersions: setting({
    env: "OKEN_KEEP_VERSIONS",
    group: "Agents",
    help: "versions of an agent that are kept for a rollback, the current one among them",
    default: 5,
    parse: parseNumber({ min: 1, max: 100, whole: true }),
  }),
  stoppedImageTtl: setting({
    env: "OKEN_STOPPED_IMAGE_TTL",
    group: "Agents",
    help: "seconds after which the images of a stopped agent are removed; a start builds them again",
    default: DAY_SECONDS,
    parse: parseNumber({ min: 0, max: YEAR_SECONDS }),
  }),
  stoppedTtl: setting({
    env: "OKEN_STOPPED_TTL",
    group: "Agents",
    help: "seconds after which a stopped agent is removed with its files and secrets; 0: never",
    default: 30 * DAY_SECONDS,
    parse: parseNumber({ min: 0, max: 10 * YEAR_SECONDS }),
  }),
} satisfies Record<string, Setting>;
