import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { MiB } from "../../lib/bytes.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import { jsonWithin } from "../../lib/read-within.ts";
import type { DockerExec } from "../exec.ts";
import { loginOf } from "./docker-login.ts";
import type { ImageName } from "./reference.ts";
import { registryFailure } from "./registry-failure.ts";
import { authoritiesOf, isInsecure, registryConfigArgs } from "./registry-reach.ts";
import { authorizationFor } from "./registry-token.ts";

/** How long a registry may take for an answer, milliseconds. All that is asked here are small files. */
const TIMEOUT_MS = 10_000;

/** A list of tags has some hundred bytes for each version that is kept. */
const MAX_ANSWER_BYTES = 4 * MiB;

/** 405 or 501 from a registry that removes nothing, and the others where this login may push only. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 405, 501]);

/** Nothing has it. */
const NO_DIGEST = `sha256:${"0".repeat(64)}`;

const MANIFESTS = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
];

/** Parts of a list of tags: of a hundred each, more than an agent has versions. */
const MAX_PAGES = 100;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

const Tags = Type.Object({ tags: Type.Union([Type.Array(Type.String()), Type.Null()]) });

/**
 * A registry, for what no docker command asks of it. Rejects with ENGINE_UNAVAILABLE while it does not answer, and with
 * CONTAINER_ERROR where a person has to do something first.
 */
export type RegistryClient = {
  /** Of the image that has this tag there; undefined if none has. */
  digestOf(name: ImageName): Promise<string | undefined>;
  /** Of all images of the same repository. */
  tagsBeside(name: ImageName): Promise<string[]>;
  /** Removes an image with all of its tags. One that is not there is no error. False if the runner may not. */
  remove(name: ImageName, digest: string): Promise<boolean>;
  /** Whether the runner may remove images, of such a repository. */
  removes(repository: string): Promise<boolean>;
};

type Environment = Record<string, string | undefined>;

/** `registry` is host and port. */
export function createRegistryClient(
  registry: string,
  parts: { exec: DockerExec; environment: Environment },
): RegistryClient {
  let known: Promise<Send> | undefined;
  // Of an engine or a registry that did not answer it is asked again.
  const sender = () =>
    (known ??= senderTo(registry, parts.exec).catch((error: unknown) => {
      known = undefined;
      throw error;
    }));

  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const send = await sender();
    const first = await send(path, init);
    const challenge = first.headers.get("WWW-Authenticate");
    if (first.status !== 401 || challenge === null) return first;
    const login = await loginOf(registry, parts);
    const authorization = await authorizationFor(challenge, login, (url, how) => fetch(url, limited(how)));
    if (authorization === undefined) return first;
    const headers = new Headers(init.headers);
    headers.set("Authorization", authorization);
    return send(path, { ...init, headers });
  };

  const ask = async (path: string, init?: RequestInit): Promise<Response> => {
    try {
      return await request(path, init);
    } catch (error) {
      throw error instanceof RunnerError ? error : registryFailure(registry, said(error));
    }
  };

  const remove = async (repository: string, digest: string): Promise<boolean> => {
    const response = await ask(`/v2/${repository}/manifests/${digest}`, { method: "DELETE" });
    if (response.ok || response.status === 404) return true;
    if (REFUSED.has(response.status)) return false;
    throw refusal(registry, response);
  };

  return {
    async digestOf({ repository, tag }) {
      const headers = { Accept: MANIFESTS.join(", ") };
      const response = await ask(`/v2/${repository}/manifests/${tag}`, { method: "HEAD", headers });
      if (response.status === 404) return undefined;
      const digest = response.headers.get("Docker-Content-Digest");
      if (!response.ok) throw refusal(registry, response);
      if (digest !== null && DIGEST.test(digest)) return digest;
      throw registryFailure(registry, `it answered ${response.status} without a digest, as no registry does`);
    },
    async tagsBeside({ repository }) {
      const tags: string[] = [];
      let path: string | undefined = `/v2/${repository}/tags/list`;
      for (let page = 1; path !== undefined; page += 1) {
        const response = await ask(path);
        if (response.status === 404) return tags;
        if (!response.ok) throw refusal(registry, response);
        const body = await jsonWithin(response, MAX_ANSWER_BYTES).catch(() => undefined);
        // Who takes what is cut off for all there is removes images that others need.
        if (!Value.Check(Tags, body) || page > MAX_PAGES)
          throw registryFailure(registry, "it did not give all of its tags");
        tags.push(...(body.tags ?? []));
        path = nextPage(response.headers.get("Link"));
      }
      return tags;
    },
    remove: ({ repository }, digest) => remove(repository, digest),
    async removes(repository) {
      const response = await ask("/v2/");
      if (!response.ok) throw refusal(registry, response);
      return remove(repository, NO_DIGEST);
    },
  };
}

/** Where a list goes on that is given in parts: https://distribution.github.io/distribution/spec/api/#pagination */
function nextPage(link: string | null): string | undefined {
  const [, target] = /^<([^>]+)>; *rel="?next"?/.exec(link ?? "") ?? [];
  const url = target === undefined ? null : URL.parse(target, "http://registry");
  return url === null ? undefined : `${url.pathname}${url.search}`;
}

type Send = (path: string, init: RequestInit) => Promise<Response>;

/** Sends as the engine does: an insecure registry is first tried with TLS, whatever its certificate, and then without. */
async function senderTo(registry: string, exec: DockerExec): Promise<Send> {
  const args = registryConfigArgs();
  if (!isInsecure(registry, await exec.run(args))) {
    const ca = await authoritiesOf(registry);
    const tls = ca === undefined ? {} : { tls: { ca } };
    return (path, init) => fetch(`https://${registry}${path}`, { ...limited(init), ...tls });
  }
  const encrypted: Send = (path, init) =>
    fetch(`https://${registry}${path}`, { ...limited(init), tls: { rejectUnauthorized: false } });
  const plain: Send = (path, init) => fetch(`http://${registry}${path}`, limited(init));
  try {
    await encrypted("/v2/", {});
    return encrypted;
  } catch (error) {
    if (!/EPROTO/.test(said(error))) throw registryFailure(registry, said(error));
    return plain;
  }
}

function limited(init: RequestInit): RequestInit {
  return { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) };
}

/** With the code, which some messages have and others have not. */
function said(error: unknown): string {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
  const message = messageOf(error);
  return typeof code === "string" && !message.includes(code) ? `${code}: ${message}` : message;
}

function refusal(registry: string, { status, statusText }: Response): RunnerError {
  return registryFailure(registry, `it answered ${status} ${statusText}`);
}
