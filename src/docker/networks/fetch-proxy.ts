import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { makeScratch } from "../../lib/scratch.ts";
import { undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { MANAGED } from "../labels.ts";
import { OWNER_LABEL, PROXY_PORT, ensureProxyContainer } from "./proxy-container.ts";
import type { BuildInputs, BuildRequest, BuiltImage } from "../types.ts";

/** The proxy of the steps that fetch packages, which lets them through to public addresses and to the operator's own. */
export type FetchProxySettings = {
  /** With a Python. */
  image: string;
  program: string;
  config: string;
  /** Where a Dockerfile lies for a moment; what a crash leaves there goes at the next start. */
  staging: string;
};

export type FetchProxy = {
  /** The same inputs, with the proxy if a step of them fetches. Has it run then. */
  route(inputs: BuildInputs): Promise<BuildInputs>;
  /** Removes it, also that of an earlier run. */
  remove(): Promise<void>;
};

/** Where the engine builds. */
const NETWORK = "bridge";

/** Prints `false` if the engine keeps containers of that network apart. */
const APART_ARGS = [
  ...["network", "inspect", "--format", '{{index .Options "com.docker.network.bridge.enable_icc"}}'],
  ...["--", NETWORK],
];

const IMAGE_TIMEOUT_MS = 300_000;

/** What uv reads. An engine may be set to give builds a list of what goes past proxies. */
const VARIABLES = {
  proxy: ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"],
  past: ["NO_PROXY", "no_proxy"],
};

export function createFetchProxy(
  parts: { exec: DockerExec; buildImage: (request: BuildRequest) => Promise<BuiltImage>; runnerId: string },
  settings: FetchProxySettings | undefined,
): FetchProxy {
  const { exec, buildImage, runnerId } = parts;
  const id = createHash("sha256").update(runnerId).digest("hex").slice(0, 16);
  const [name, tag] = [`oken-fetch-${id}`, `oken-fetch:${id}`];
  let isApart: Promise<boolean> | undefined;
  let ensuring: Promise<string> | undefined;

  const ensure = (given: FetchProxySettings) => {
    const { image, program, config } = given;
    ensuring ??= ensureProxyContainer(exec, {
      name,
      owner: runnerId,
      image: () => makeImage(given),
      program,
      config,
      network: NETWORK,
      spec: [image, program, config],
    }).finally(() => (ensuring = undefined));
    return ensuring;
  };

  /** As a build, which leaves the base image itself out of the engine: there it would hide newer ones of its name. */
  async function makeImage({ image: base, staging }: FetchProxySettings): Promise<string> {
    await using scratch = await makeScratch(staging, "fetch-");
    const inputs = {
      dockerfile: join(scratch.path, "Dockerfile"),
      context: join(scratch.path, `empty-${id}`),
      contexts: [],
      buildArgs: { OKEN_PYTHON_IMAGE: base },
      secretFiles: {},
    };
    await mkdir(inputs.context);
    await writeFile(inputs.dockerfile, "ARG OKEN_PYTHON_IMAGE\nFROM ${OKEN_PYTHON_IMAGE}\n");
    const labels = { ...MANAGED, [OWNER_LABEL]: runnerId };
    await buildImage({ inputs, tag, labels, timeoutMs: IMAGE_TIMEOUT_MS });
    return tag;
  }

  return {
    async route(inputs) {
      if (settings === undefined || inputs.fetches !== true) return inputs;
      isApart ??= exec.run(APART_ARGS).then(
        (output) => output.trim() === "false",
        // Without that network no build fetches anything.
        () => true,
      );
      if (await isApart) return inputs;
      const url = `http://${await ensure(settings)}:${PROXY_PORT}`;
      const variables = [
        ...VARIABLES.proxy.map((variable) => [variable, url]),
        ...VARIABLES.past.map((variable) => [variable, ""]),
      ];
      return { ...inputs, buildArgs: { ...inputs.buildArgs, ...Object.fromEntries(variables) } };
    },
    async remove() {
      await exec.run(["rm", "--force", "--", name]);
      await exec.run(["image", "rm", "--force", "--", tag]).catch(undefinedIfNoSuchObject);
    },
  };
}
