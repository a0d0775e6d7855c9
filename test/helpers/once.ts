import { onTestFinished } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createDeployments } from "../../src/agents/deploy/deployments.ts";
import { createOnce } from "../../src/agents/deploy/idempotency.ts";
import type { DeployResult } from "../../src/agents/deploy/types.ts";
import { createFeed } from "../../src/agents/feed.ts";
import { createLog } from "../../src/lib/log.ts";
import { createFakeClock } from "./fake-clock.ts";
import { createFakeHistory } from "./fake-history.ts";
import { DEPLOY_RESULT } from "./records.ts";

const RESULT = DEPLOY_RESULT;

/** Deploys with keys, of an archive on disk; each does what `deploy` does. */
export async function onceWith(deploy: () => Promise<DeployResult> = () => Promise.resolve(RESULT)) {
  const directory = await mkdtemp(join(tmpdir(), "oken-once-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const archivePath = join(directory, "archive");
  await Bun.write(archivePath, "bytes");
  const clock = createFakeClock();
  const feed = createFeed(clock);
  const log = createLog({ level: "silent", format: "json" });
  const disposed: string[] = [];
  const deployments = createDeployments({ clock, log, feed, history: createFakeHistory(), deploy });
  const upload = ({
    agentId = "echo",
    secrets = {},
  }: {
    agentId?: string;
    secrets?: Record<string, string>;
  }) => ({
    agentId,
    archivePath,
    secrets: { values: secrets, keepOthers: false },
    [Symbol.asyncDispose]: () => Promise.resolve(void disposed.push(agentId)),
  });
  return { once: createOnce({ deployments, clock }), upload, disposed, deployments, clock };
}
