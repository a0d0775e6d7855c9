import type { Setting } from "./setting.ts";
import { ACCESS_SETTINGS } from "./settings/access.ts";
import { AGENT_SETTINGS } from "./settings/agents.ts";
import { BROWSER_SETTINGS } from "./settings/browsers.ts";
import { BUILD_SETTINGS } from "./settings/builds.ts";
import { CONTAINER_SETTINGS } from "./settings/containers.ts";
import { DISK_SETTINGS } from "./settings/disk.ts";
import { HOST_SETTINGS } from "./settings/hosts.ts";
import { INVOKE_SETTINGS } from "./settings/invokes.ts";
import { NETWORK_SETTINGS } from "./settings/network.ts";
import { SERVER_SETTINGS } from "./settings/server.ts";
import { WEBHOOK_SETTINGS } from "./settings/webhooks.ts";
import { UPLOAD_SETTINGS } from "./settings/uploads.ts";

/**
 * The one table of settings: the parser, the default and the help text of each.
 * The flag of a setting is its variable without `OKEN_`, in kebab case: `OKEN_DATA_DIR` is `--data-dir`.
 */
export const SETTINGS = {
  ...SERVER_SETTINGS,
  ...ACCESS_SETTINGS,
  ...BROWSER_SETTINGS,
  ...AGENT_SETTINGS,
  ...HOST_SETTINGS,
  ...CONTAINER_SETTINGS,
  ...NETWORK_SETTINGS,
  ...INVOKE_SETTINGS,
  ...BUILD_SETTINGS,
  ...UPLOAD_SETTINGS,
  ...DISK_SETTINGS,
  ...WEBHOOK_SETTINGS,
} satisfies Record<string, Setting>;
