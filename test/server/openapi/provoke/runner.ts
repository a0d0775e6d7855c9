import { commandError } from "../../../../src/docker/errors.ts";
import { createLog } from "../../../../src/lib/log.ts";
import { createMetrics } from "../../../../src/metrics/metrics.ts";
import { createAuth } from "../../../../src/server/auth.ts";
import { errorResponse } from "../../../../src/server/errors.ts";
import type { RUNNER_PROBLEMS } from "../../../../src/server/openapi/problems/runner.ts";
import { createRequests } from "../../../../src/server/requests.ts";
import { createDiskFloor } from "../../../../src/upload/disk-floor.ts";
import { createFakeClock } from "../../../helpers/fake-clock.ts";
import type { Provoke } from "./provoke.ts";

const log = createLog({ level: "silent", format: "json" });

export const RUNNER: Record<keyof typeof RUNNER_PROBLEMS, Provoke> = {
  engineUnavailable: () =>
    docker(["ps"], "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."),
  containerError: () =>
    docker(["run", "--detach"], "docker: Error response from daemon: failed to create task for container"),
  diskFull: () =>
    createDiskFloor({ directory: "/", floorBytes: 1, freeBytes: () => Promise.resolve(0) }).assertRoomFor(0),
  shuttingDown() {
    const requests = createRequests(
      { handle: () => Promise.reject(new Error("not asked")) },
      { settings: { apiToken: undefined }, log, metrics: createMetrics(), clock: createFakeClock() },
    );
    requests.refuse();
    return requests.answer(new Request("http://localhost/agents"), { timeout: () => undefined });
  },
  unauthorized: () =>
    createAuth("a-token-of-more-than-sixteen-characters")(new Request("http://localhost/"), "/agents"),
  internal: () =>
    errorResponse(new TypeError("a bug"), {
      log,
      metrics: createMetrics(),
      requestId: "0198c0de-4a5b-7000-8000-0a1b2c3d4e5f",
    }),
};

function docker(args: string[], stderr: string): never {
  throw commandError(args, { exitCode: 1, code: undefined, stderr, message: undefined });
}
