import { parsePath, parseSite } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** Who is told what happens. */
export const WEBHOOK_SETTINGS = {
  webhookUrl: setting<string | undefined>({
    env: "OKEN_WEBHOOK_URL",
    group: "Webhooks",
    help: "address that is told when a deployment ends or an agent changes its state; not set: nobody is",
    default: undefined,
    parse: parseSite(),
  }),
  webhookSecretFile: setting<string | undefined>({
    env: "OKEN_WEBHOOK_SECRET_FILE",
    group: "Webhooks",
    help: "file with the secret that signs webhooks, whsec_ and 24 to 64 bytes in base64, and below it those that did before",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
} satisfies Record<string, Setting>;
