import { describe, expect, test } from "bun:test";

import {
  commandError,
  isAlreadyExists,
  isBeingRemoved,
  isNoSuchObject,
  isNotInRegistry,
} from "../../src/docker/errors.ts";

const failed = (stderr: string) =>
  commandError(["container", "inspect"], { exitCode: 1, code: undefined, stderr, message: undefined });

describe("docker's sentences", () => {
  test.each([
    [
      "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
      "ENGINE_UNAVAILABLE",
    ],
    [
      "failed to connect to the docker API at unix:///x.sock; check if the path is correct and if the daemon is running: dial unix /x.sock: connect: no such file or directory",
      "ENGINE_UNAVAILABLE",
    ],
    [
      "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
      "ENGINE_UNAVAILABLE",
    ],
    [
      'Error response from daemon: connection error: desc = "transport: error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory": unavailable',
      "ENGINE_UNAVAILABLE",
    ],
    [
      "request returned Internal Server Error for API route and version http://%2Fvar%2Frun%2Fdocker.sock/v1.47/containers/json, check if the server supports the requested API version",
      "ENGINE_UNAVAILABLE",
    ],
    [
      "request returned 503 Service Unavailable for API route and version http://proxy:2375/v1.51/info, check if the server supports the requested API version",
      "ENGINE_UNAVAILABLE",
    ],
    ["Error response from daemon: ", "ENGINE_UNAVAILABLE"],
    ["docker: unexpected EOF.\n\nRun 'docker run --help' for more information", "ENGINE_UNAVAILABLE"],
    ["unexpected EOF", "ENGINE_UNAVAILABLE"],
    ["write unix @->/run/docker.sock: write: broken pipe", "ENGINE_UNAVAILABLE"],
    ["read unix @->/run/docker.sock: read: connection reset by peer", "ENGINE_UNAVAILABLE"],
    ["Error response from daemon: grpc: the client connection is closing: unknown", "ENGINE_UNAVAILABLE"],
    ["Error response from daemon: invalid tar header: unexpected EOF", "CONTAINER_ERROR"],
    ["docker: unknown command: docker buildx", "ENGINE_UNAVAILABLE"],
    ["write /x: no space left on device", "DISK_FULL"],
    ["Error response from daemon: something new", "CONTAINER_ERROR"],
  ])("%s is %s", (stderr, code) => {
    expect(failed(stderr)).toMatchObject({ code });
  });

  test("a refused socket is told from an engine that is away, with what to do", () => {
    for (const text of [
      "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
      'ERROR: failed to build: failed to connect to the docker API at unix:///x.sock: Get "http://%2Fx.sock/_ping": dial unix /x.sock: connect: permission denied',
    ])
      expect(failed(text)).toMatchObject({
        code: "ENGINE_UNAVAILABLE",
        message: expect.stringMatching(/permission denied on its socket\. Run it as root or/),
      });
  });

  test("a swarm without a leader is away for a while, in whichever words a manager says so", () => {
    for (const text of [
      "Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online.",
      "Error response from daemon: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
      "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
    ])
      expect(failed(text)).toMatchObject({
        code: "ENGINE_UNAVAILABLE",
        message: expect.stringContaining("Agents that run keep running"),
        details: { reason: "no_leader" },
      });
    const slow =
      "ERROR: failed to solve: rpc error: code = DeadlineExceeded desc = context deadline exceeded";
    expect(failed(slow)).toMatchObject({ code: "CONTAINER_ERROR" });
  });

  test("words of a build's own steps are no words of the engine's", () => {
    const record = { logs: [{ data: "is the docker daemon running" }] };
    expect(failed(`${JSON.stringify(record)}\nERROR: failed to solve`)).toMatchObject({
      code: "CONTAINER_ERROR",
    });
  });

  test("a missing container, image, network or volume is recognised", () => {
    for (const text of [
      "Error response from daemon: No such container: x",
      "Error: No such object: x",
      "Error response from daemon: get x: no such volume",
      // An engine that manages a swarm.
      "Error response from daemon: volume x not found",
      "network n not found",
    ]) {
      expect(isNoSuchObject(failed(text))).toBe(true);
    }
    expect(isNoSuchObject(failed("something else"))).toBe(false);
  });

  test("a registry's word that it has no such image is told from silence", () => {
    for (const text of [
      "ERROR: 127.0.0.1:5000/python:3.99: not found",
      "ERROR: docker.io/ada/none:1: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    ])
      expect(isNotInRegistry(failed(text))).toBe(true);
    for (const text of [
      'ERROR: failed to do request: Head "https://r/v2/x/manifests/y": dial tcp: lookup r: no such host',
      "ERROR: unexpected status from HEAD request to https://r/v2/x/manifests/y: 429 Too Many Requests",
    ])
      expect(isNotInRegistry(failed(text))).toBe(false);
  });

  test("a container that is being removed is recognised", () => {
    for (const text of [
      "Error response from daemon: container is marked for removal and cannot be started",
      "Error response from daemon: removal of container oken-echo-v1 is already in progress",
    ]) {
      expect(isBeingRemoved(failed(text))).toBe(true);
    }
  });

  test("a name that is taken is recognised", () => {
    expect(isAlreadyExists(failed("network with name oken-agents already exists"))).toBe(true);
  });
});

test("a docker CLI that is not installed makes the engine unavailable", () => {
  const error = commandError(["ps"], {
    exitCode: undefined,
    code: "ENOENT",
    stderr: "",
    message: "spawn docker ENOENT",
  });
  expect(error).toMatchObject({
    code: "ENGINE_UNAVAILABLE",
    message: expect.stringContaining("The docker CLI was not found on PATH: install Docker's CLI"),
    headers: { "Retry-After": "5" },
  });
});

test.each(["EAGAIN", "ENOMEM", "EMFILE"])("%s is the host's want, and passes", (code) => {
  const error = commandError(["ps"], {
    exitCode: undefined,
    code,
    stderr: "",
    message: `spawn docker ${code}`,
  });
  expect(error).toMatchObject({
    code: "ENGINE_UNAVAILABLE",
    message: expect.stringContaining(`could not start the docker CLI (${code}): its host is short of`),
    headers: { "Retry-After": "5" },
  });
});

test.each([
  [["stop", "-t", "10", "--", "oken-a"], "docker stop oken-a"],
  [["container", "inspect", "--", "oken-a"], "docker container inspect"],
  [["build", "--ulimit", "nofile=1:1", "--file", "/secret/path"], "docker build"],
  [["version", "--format", "{{json .Server.Version}}"], "docker version"],
])("a message names a command without its options: %j", (args, named) => {
  const error = commandError(args, { exitCode: 1, code: undefined, stderr: "no luck", message: undefined });
  expect(error.message).toBe(`${named} failed: no luck`);
});
