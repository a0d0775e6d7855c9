import type { LockFile } from "../dependencies/plan.ts";

/** Where things are inside an image. The runtime inside the container relies on these. */
export const IMAGE_PATHS = {
  app: "/app",
  venv: "/opt/venv",
  runtime: "/opt/oken/runtime",
  python: "/usr/local/bin/python3",
} as const;

/** Numeric, above every system user; nothing in the image belongs to it. */
export const AGENT_USER = "10001:10001";

/** Names under which the build finds its inputs; each is a directory of its own. */
export const CONTEXTS = {
  runtime: "oken-runtime",
  /** What resolving and installing read. */
  dependencies: "oken-deps",
  /** Wheels of the upload. */
  files: "oken-files",
  /** The host's folder of wheels. */
  findLinks: "oken-wheels",
  /** Wheels that were built from source for this agent. */
  built: "oken-built",
  /** What makes the upload's own projects known to the interpreter. */
  site: "oken-site",
  /** Programs and inputs of the container in which packages are built from source. */
  builder: "oken-builder",
} as const;

/** Stages that are built by themselves. */
export const TARGETS = { agent: "final", lock: "lock", builder: "builder" } as const;

/**
 * How a list that is not there yet is made: `lock` runs `uv lock`, `compile` resolves to a hashed list, `export` turns
 * a `uv.lock` into such a list, which unlike it can be installed from another index than it was made with, and
 * `export-script` does so with the lock of a script.
 */
export type Resolution = "lock" | "compile" | "export" | "export-script";

export type DockerfileOptions = {
  /** `3.N`. */
  pythonVersion: string;
  /** The list that is installed; undefined when there is nothing to install. */
  lock: LockFile | undefined;
  resolution: Resolution | undefined;
  /** Name of the uv cache; made of the uv image, since caches of unlike versions do not mix. */
  cacheId: string;
  /** Build secrets that are present; a missing one is not mounted. */
  secrets: { ca: boolean; netrc: boolean };
  /** Contexts that are present. */
  files: boolean;
  findLinks: boolean;
  built: boolean;
  site: boolean;
  /** Nothing but `findLinks` is asked for packages, and no step has a network. */
  offline: boolean;
  /** Arguments of `uv pip compile`, from a closed set. */
  compileFlags: string[];
  /** Packages that come as built wheels, normalised names, and are left out of the list's install. */
  builtNames: string[];
};

/**
 * The Dockerfile of an agent. What an upload says reaches it through files and build arguments, never as text, so it
 * cannot add an instruction. There is no `# syntax` line: a frontend would be fetched from a registry on every new host.
 */
export function dockerfileText(options: DockerfileOptions): string {
  const stages = [HEADER, BASE];
  if (options.lock !== undefined) stages.push(lockStage(options), installStage(options, options.lock));
  stages.push(finalStage(options));
  return `${stages.join("\n\n")}\n`;
}

/** The image in which packages are built from source: no secret, no cache, nothing of another agent. */
export function builderDockerfileText(): string {
  return `${HEADER}

FROM \${OKEN_PYTHON_IMAGE} AS ${TARGETS.builder}
COPY --from=uvbin /uv /usr/local/bin/uv
COPY --from=${CONTEXTS.builder} . /opt/oken/builder/
USER ${AGENT_USER}
`;
}

/** What no upload needs inside its image: derived files, and version control with its history. */
export const IGNORE_TEXT = [".git", ".hg", ".svn", ".venv", "venv", "**/__pycache__", ".oken", ""].join("\n");

const { app, venv, runtime, python } = IMAGE_PATHS;

const HEADER = `ARG OKEN_PYTHON_IMAGE
ARG OKEN_UV_IMAGE
FROM \${OKEN_UV_IMAGE} AS uvbin`;

// The official slim images ship the standard library without byte code: each start of a read-only container would
// compile it again. The venv is not on PATH here: a script of a package must not stand in for a command of the build.
// A module that does not compile, as some packages ship for other Pythons, is no reason to fail.
const BASE = `FROM \${OKEN_PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/home/agent
WORKDIR ${app}
RUN --network=none mkdir -p /home/agent && chown ${AGENT_USER} /home/agent \\
 && { ${python} -I -W ignore -m compileall -q -j 0 -x 'site-packages|/tests?/' \\
      "$(${python} -I -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" >/dev/null || true; }

FROM base AS runtime
RUN --network=none --mount=type=bind,from=${CONTEXTS.runtime},target=/opt/oken/packed \\
    ${python} -I -W ignore /opt/oken/packed/unpack.py ${runtime}`;

/** The list in a stage of its own: the install is keyed by what it says, not by how it came about. */
function lockStage(options: DockerfileOptions): string {
  if (options.resolution === undefined) {
    return `FROM scratch AS ${TARGETS.lock}\nCOPY --from=${CONTEXTS.dependencies} . /`;
  }
  const links = findLinks(options);
  const steps = {
    lock: [`${PROJECT_ENVIRONMENT} uv lock --no-build${links}`, "cp uv.lock install/pyproject.toml /lock/"],
    compile: [
      `uv pip compile -q --python ${python} --no-build${links} --generate-hashes --no-header --no-annotate \\
      -o requirements.lock ${options.compileFlags.join(" ")}`,
      WITH_INDEXES,
    ],
    export: [exportTo("/lock/requirements.lock", options)],
    "export-script": [
      "cp uv.lock script.py.lock",
      exportTo("requirements.lock --script script.py", options),
      WITH_INDEXES,
    ],
  }[options.resolution];
  const script = [
    "cp -R /opt/oken/deps /tmp/project && cd /tmp/project && mkdir /lock",
    ...environment(options),
    ...steps,
  ];
  // What nothing pins is looked up anew each day; an exported list is the same on every one.
  const day = options.resolution.startsWith("export") ? "" : "ARG OKEN_DAY\n";
  return `FROM base AS resolve
${day}${header(options)}
RUN ${mounts(options, CONTEXTS.dependencies).join(" \\\n    ")} \\
    ${script.join(" \\\n && ")}

FROM scratch AS ${TARGETS.lock}
COPY --from=resolve /lock/ /`;
}

// One uv command into a fresh environment where the cache and secrets are: a second would start the environment's
// Python, and with it the code of any package that ships a `.pth` file. Byte code is made by the base's Python for the
// same reason, with hashes for times, so that installing the same again gives the same files.
function installStage(options: DockerfileOptions, lock: LockFile): string {
  const skip = omitted("--no-install-package", options);
  const create = `uv venv -q --python ${python} ${venv}`;
  const install = {
    "uv.lock": [
      "cp -R /opt/oken/deps /tmp/project && cd /tmp/project",
      `${PROJECT_ENVIRONMENT} UV_PROJECT_ENVIRONMENT=${venv} uv sync --frozen --no-build --no-dev --no-install-local${skip}`,
      "rm -rf /tmp/project",
    ],
    "requirements.lock": [
      create,
      `uv pip sync --allow-empty-requirements --python ${venv}/bin/python --no-build --require-hashes${findLinks(options)} \\
      --index-strategy unsafe-best-match /opt/oken/deps/requirements.lock`,
    ],
  }[lock];
  const built = `
RUN --network=none --mount=type=bind,from=uvbin,source=/uv,target=/usr/local/bin/uv \\
    --mount=type=bind,from=${CONTEXTS.built},target=/opt/oken/built \\
    uv pip install --offline --no-cache --no-deps --no-index --no-build --python ${venv}/bin/python /opt/oken/built/*.whl`;
  return `FROM base AS deps
${header(options)}
RUN ${mounts(options, TARGETS.lock).join(" \\\n    ")} \\
    ${[...environment(options), ...install].join(" \\\n && ")}${options.built ? built : ""}
RUN --network=none ${python} -I -W ignore -m compileall -q -j 0 --invalidation-mode unchecked-hash ${venv}/lib >/dev/null || true`;
}

function exportTo(output: string, options: DockerfileOptions): string {
  return `${PROJECT_ENVIRONMENT} uv export -q --frozen --no-emit-local --no-dev --no-header --no-annotate${omitted("--no-emit-package", options)} \\
      -o ${output}`;
}

function omitted(flag: string, { builtNames }: DockerfileOptions): string {
  return builtNames.map((name) => ` ${flag} ${name}`).join("");
}

/** Where the packages come from stands in front of the list, as whoever resolved it had to look there too. */
const WITH_INDEXES = "{ [ ! -f indexes ] || cat indexes; cat requirements.lock; } >/lock/requirements.lock";

const PROJECT_ENVIRONMENT = `UV_PYTHON=${python} UV_PYTHON_PREFERENCE=only-system`;

// A secret's value is no part of a layer's key, and neither is the cache's name: the argument keeps one agent from
// being handed what another one's credentials fetched.
function header({ secrets }: DockerfileOptions): string {
  return `ARG OKEN_INDEX_URL
ARG OKEN_EXTRA_INDEX_URLS
${secrets.netrc ? "ARG OKEN_AGENT\n" : ""}ENV UV_CACHE_DIR=/opt/uv-cache UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1 \\
    UV_NO_PROGRESS=1 NO_COLOR=1 UV_COMPILE_BYTECODE=0`;
}

function mounts(options: DockerfileOptions, input: string): string[] {
  const { cacheId, secrets, files, findLinks: links, offline } = options;
  return [
    ...(offline ? ["--network=none"] : []),
    "--mount=type=bind,from=uvbin,source=/uv,target=/usr/local/bin/uv",
    `--mount=type=bind,from=${input},target=/opt/oken/deps`,
    `--mount=type=cache,id=${cacheId},target=/opt/uv-cache`,
    ...(files ? [`--mount=type=bind,from=${CONTEXTS.files},target=/opt/oken/files`] : []),
    ...(links ? [`--mount=type=bind,from=${CONTEXTS.findLinks},target=/opt/oken/wheels`] : []),
    ...(secrets.ca ? ["--mount=type=secret,id=ca,target=/run/secrets/ca,required=true"] : []),
    ...(secrets.netrc ? ["--mount=type=secret,id=netrc,target=/run/secrets/netrc,required=true"] : []),
  ];
}

function environment({ secrets, offline }: DockerfileOptions): string[] {
  return [
    'if [ -n "$OKEN_INDEX_URL" ]; then export UV_DEFAULT_INDEX="$OKEN_INDEX_URL"; fi',
    'if [ -n "$OKEN_EXTRA_INDEX_URLS" ]; then export UV_INDEX="$OKEN_EXTRA_INDEX_URLS"; fi',
    ...(offline ? ["export UV_OFFLINE=1"] : []),
    ...(secrets.ca ? ["export SSL_CERT_FILE=/run/secrets/ca"] : []),
    ...(secrets.netrc ? ["export NETRC=/run/secrets/netrc"] : []),
  ];
}

function findLinks(options: DockerfileOptions): string {
  return `${options.findLinks ? " --find-links /opt/oken/wheels" : ""}${options.offline ? " --no-index" : ""}`;
}

function finalStage({ lock, site, pythonVersion }: DockerfileOptions): string {
  const prefix = lock === undefined ? "/usr/local" : venv;
  const interpreter = lock === undefined ? python : `${venv}/bin/python`;
  const lines = [
    `FROM runtime AS ${TARGETS.agent}`,
    ...(lock === undefined ? [] : [`ENV PATH=${venv}/bin:$PATH`, `COPY --link --from=deps ${venv} ${venv}`]),
    ...(site
      ? [`COPY --link --from=${CONTEXTS.site} . ${prefix}/lib/python${pythonVersion}/site-packages/`]
      : []),
    `COPY --link . ${app}`,
    `USER ${AGENT_USER}`,
    `ENTRYPOINT ${JSON.stringify([interpreter, "-I", `${runtime}/main.py`])}`,
  ];
  return lines.join("\n");
}
