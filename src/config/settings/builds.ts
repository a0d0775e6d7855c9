import { availableParallelism } from "node:os";

import {
  parseChoice,
  parseMirrors,
  parseNumber,
  parsePath,
  parsePattern,
  parseText,
  parseUrl,
  parseUrls,
} from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** What images are built from, and how many at a time. */
export const BUILD_SETTINGS = {
  pythonImage: setting({
    env: "OKEN_PYTHON_IMAGE",
    group: "Builds",
    help: "base image; {version} stands for 3.N",
    default: "python:{version}-slim-trixie",
    parse: parseText({ what: "an image reference with {version}", mustContain: "{version}" }),
  }),
  uvImage: setting({
    env: "OKEN_UV_IMAGE",
    group: "Builds",
    help: "image that holds /uv",
    default: "ghcr.io/astral-sh/uv:0.13.9",
    parse: parseText({ what: "an image reference" }),
  }),
  defaultPython: setting({
    env: "OKEN_DEFAULT_PYTHON",
    group: "Builds",
    help: "Python version of an agent that names none",
    default: "3.12",
    parse: parsePattern(/^3\.\d{1,2}$/, "3.N, such as 3.12"),
  }),
  indexUrl: setting<string | undefined>({
    env: "OKEN_INDEX_URL",
    group: "Builds",
    help: "package index instead of PyPI",
    default: undefined,
    parse: parseUrl(),
  }),
  caFile: setting<string | undefined>({
    env: "OKEN_CA_FILE",
    group: "Builds",
    help: "PEM file of certificate authorities that builds trust",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  extraIndexUrls: setting<string | undefined>({
    env: "OKEN_EXTRA_INDEX_URLS",
    group: "Builds",
    help: "further package indexes, separated by spaces",
    default: undefined,
    parse: parseUrls(),
  }),
  findLinks: setting<string | undefined>({
    env: "OKEN_FIND_LINKS",
    group: "Builds",
    help: "directory of wheels on this host; builds take packages from there too",
    default: undefined,
    parse: parsePath({ mustExist: true }),
  }),
  offline: setting({
    env: "OKEN_OFFLINE",
    group: "Builds",
    help: "yes: builds use no package index; every package must be in OKEN_FIND_LINKS",
    default: "no",
    parse: parseChoice(["yes", "no"] as const),
  }),
  buildSdist: setting<"isolated" | "deny">({
    env: "OKEN_BUILD_SDIST",
    group: "Builds",
    help: "packages that come only as source: isolated builds them in a container of their own, deny refuses them",
    default: "isolated",
    parse: parseChoice(["isolated", "deny"] as const),
  }),
  builderImage: setting<string | undefined>({
    env: "OKEN_BUILDER_IMAGE",
    group: "Builds",
    help: "image with a compiler, to build such packages in; {version} stands for 3.N; not set: the base image",
    default: undefined,
    parse: parseText({ what: "an image reference" }),
  }),
  aptMirror: setting<string | undefined>({
    env: "OKEN_APT_MIRROR",
    group: "Builds",
    help: "Debian mirror instead of the base image's; after a space that of the security updates, else it ends in -security",
    default: undefined,
    parse: parseMirrors(),
  }),
  systemPackages: setting<"allow" | "deny">({
    env: "OKEN_SYSTEM_PACKAGES",
    group: "Builds",
    help: "allow installs the Debian packages that oken.toml names, deny refuses them",
    default: "allow",
    parse: parseChoice(["allow", "deny"] as const),
  }),
  maxBuilds: setting({
    env: "OKEN_MAX_BUILDS",
    group: "Builds",
    help: "agents built and started at the same time; further ones wait",
    default: availableParallelism(),
    shown: "the host's CPUs",
    parse: parseNumber({ min: 1, max: 1_024, whole: true }),
  }),
  maxBuildQueue: setting({
    env: "OKEN_MAX_BUILD_QUEUE",
    group: "Builds",
    help: "builds that may wait; further ones are answered 503",
    default: 64,
    parse: parseNumber({ min: 0, max: 10_000, whole: true }),
  }),
  buildTimeout: setting({
    env: "OKEN_BUILD_TIMEOUT",
    group: "Builds",
    help: "seconds for one build",
    default: 600,
    parse: parseNumber({ min: 1, max: 86_400 }),
  }),
} satisfies Record<string, Setting>;
