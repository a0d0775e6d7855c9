import { expect, test } from "bun:test";

import type { ErrorCode } from "../../../src/lib/errors.ts";
import { registryFailure } from "../../../src/docker/swarm/registry-failure.ts";

const REGISTRY = "10.0.0.5:5000";

/** What the engine, the CLI and `fetch` say, and what it is taken for. */
const SAID: [text: string, reason: string, code: ErrorCode][] = [
  [
    `Get "http://${REGISTRY}/v2/": dial tcp ${REGISTRY}: connect: connection refused`,
    "registry_away",
    "ENGINE_UNAVAILABLE",
  ],
  [
    'Get "https://nowhere.invalid/v2/": dial tcp: lookup nowhere.invalid on 10.0.0.1:53: no such host',
    "registry_away",
    "ENGINE_UNAVAILABLE",
  ],
  [`Put "http://${REGISTRY}/v2/oken/a/blobs/uploads/x": EOF`, "registry_away", "ENGINE_UNAVAILABLE"],
  [
    "ECONNREFUSED: Unable to connect. Is the computer able to access the url?",
    "registry_away",
    "ENGINE_UNAVAILABLE",
  ],
  ["toomanyrequests: You have reached your pull rate limit.", "registry_busy", "ENGINE_UNAVAILABLE"],
  ["it answered 429 Too Many Requests", "registry_busy", "ENGINE_UNAVAILABLE"],
  ["The operation timed out.", "registry_away", "ENGINE_UNAVAILABLE"],
  ["received unexpected HTTP status: 503 Service Unavailable", "registry_away", "ENGINE_UNAVAILABLE"],
  ["received unexpected HTTP status: 500 Internal Server Error", "registry_failed", "ENGINE_UNAVAILABLE"],
  ["unknown: unknown error", "registry_failed", "ENGINE_UNAVAILABLE"],
  ["received unexpected HTTP status: 507 Insufficient Storage", "registry_full", "DISK_FULL"],
  ["denied: requested access to the resource is denied", "registry_denied", "CONTAINER_ERROR"],
  ["no basic auth credentials", "registry_denied", "CONTAINER_ERROR"],
  ["it answered 401 Unauthorized", "registry_denied", "CONTAINER_ERROR"],
  [
    `Get "https://${REGISTRY}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    "registry_certificate",
    "CONTAINER_ERROR",
  ],
  [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate",
    "registry_certificate",
    "CONTAINER_ERROR",
  ],
  [
    `Get "https://${REGISTRY}/v2/": http: server gave HTTP response to HTTPS client`,
    "registry_insecure",
    "CONTAINER_ERROR",
  ],
  ["tag does not exist: v1", "registry", "CONTAINER_ERROR"],
];

test.each(SAID)("%s", (text, reason, code) => {
  const failure = registryFailure(REGISTRY, text);
  expect({ code: failure.code, reason: failure.details?.["reason"] }).toEqual({ code, reason });
  expect(failure.message).toContain(`registry ${REGISTRY}`);
  expect(failure.message).toEndWith(".");
});
