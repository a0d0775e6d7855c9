import type { LockFile } from "../dependencies/plan.ts";
import { AGENT_HOME, IMAGE_USER_ID } from "../lib/agent-container.ts";
import { CONTEXTS, IMAGE_PATHS, TARGETS } from "./layout.ts";
import { type SystemStep, systemStages } from "./system/dockerfile.ts";

/**
 * How the build makes the lock that it installs from: `lock` runs `uv lock`, `compile` resolves requirements to a hashed
 * lock, `export` turns a `uv.lock` into one, which can be installed from any index, and `export-script` does so with the
 * lock of a script.
 */
export type LockStep = "lock" | "compile" | "export" | "export-script";

export type Install = {
  lock: LockFile;
  /** Undefined when the lock is there already. */
  lockStep: LockStep | undefined;
  /** Arguments of `uv pip compile`, from a closed set. */
  compileFlags: string[];
  /** Canonical names of packages that come as wheels of this agent and are left out of the lock's install. */
  builtNames: string[];
};

export type DockerfileOptions = {
  /** `3.N`. */
  pythonVersion: string;
  /** Undefined when the agent has no Debian packages. */
  system: SystemStep | undefined;
  /** Undefined when there is nothing to install. */
  install: Install | undefined;
  /** Name of the uv cache; made of the uv image, since versions of uv do not share one. */
  cacheId: string;
  /** Build secrets that are there. */
  secrets: { ca: boolean; netrc: boolean };
  /** Contexts that are there. */
  contexts: { files: boolean; findLinks: boolean; built: boolean; site: boolean };
  /** Packages come from `findLinks` alone, and no step has a network. */
  offline: boolean;
};

/**
 * The Dockerfile of an agent. No text of an upload is part of it, so an upload cannot add an instruction: it comes as
 * files and build arguments. There is no `# syntax` line, since that would fetch a frontend from a registry.
 */
export function dockerfileText(options: DockerfileOptions): string {
  const { install, system } = options;
  const stages = [
    HEADER,
    BASE,
    ...systemStages(system),
    runtimeStage(system === undefined ? "base" : "system"),
  ];
  if (install !== undefined) stages.push(lockStage(options, install), installStage(options, install));
  if (options.contexts.built) stages.push(BUILT_STAGE);
  stages.push(finalStage(options));
  return `${stages.join("\n\n")}\n`;
}

/** Left out of the image: derived files and version control. */
export const IGNORE_TEXT = [".git", ".hg", ".svn", ".venv", "venv", "**/__pycache__", ".oken", ""].join("\n");

const { app, venv, runtime, python } = IMAGE_PATHS;

export const HEADER = `ARG OKEN_PYTHON_IMAGE
ARG OKEN_UV_IMAGE
FROM \${OKEN_UV_IMAGE} AS uvbin`;

// The official slim images have no byte code of the standard library: each start of a read-only container would compile
// it again. No agent has a use for their setuid programs. The venv is not on PATH here, so that no script of a package replaces a command of the build. Some packages
// ship modules for other Pythons, which do not compile: that is no failure.
const BASE = `FROM \${OKEN_PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=${AGENT_HOME}
WORKDIR ${app}
RUN --network=none mkdir -p ${AGENT_HOME} && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \\
 && { ${python} -I -W ignore -m compileall -q -j 0 -x 'site-packages|/tests?/' \\
      "$(${python} -I -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" >/dev/null || true; }`;

/** Behind the Debian packages, so that another runtime does not fetch them anew. */
function runtimeStage(from: "base" | "system"): string {
  return `FROM ${from} AS runtime
RUN --network=none --mount=type=bind,from=${CONTEXTS.runtime},target=/opt/oken/packed \\
    ${python} -I -W ignore /opt/oken/packed/unpack.py ${runtime}`;
}

/** The lock has a stage of its own: with the same lock, however it was made, the install is cached. */
function lockStage(options: DockerfileOptions, install: Install): string {
  const { lockStep, compileFlags } = install;
  if (lockStep === undefined) {
    return `FROM scratch AS ${TARGETS.lock}\nCOPY --from=${CONTEXTS.dependencies} . /`;
  }
  const links = findLinks(options);
  const steps = {
    lock: [`${PROJECT_ENVIRONMENT} uv lock --no-build${links}`, "cp uv.lock install/pyproject.toml /lock/"],
    compile: [
      `uv pip compile -q --python ${python} --no-build${links} --generate-hashes --no-header --no-annotate \\
      -o requirements.lock ${compileFlags.join(" ")}`,
      "sed -i '\\, @ file:///tmp/project/,d' requirements.lock",
      WITH_INDEXES,
    ],
    export: [exportTo("/lock/requirements.lock", install)],
    "export-script": [
      "cp uv.lock script.py.lock",
      exportTo("requirements.lock --script script.py", install),
      WITH_INDEXES,
    ],
  }[lockStep];
  const script = [
    "cp -R /opt/oken/deps /tmp/project && cd /tmp/project && mkdir /lock",
    ...environment(options),
    ...steps,
  ];
  // Versions that nothing pins are looked up again each day. An exported lock is the same every day.
  const day = lockStep.startsWith("export") ? "" : "ARG OKEN_DAY\n";
  return `FROM base AS resolve
${day}${header(options)}
RUN ${mounts(options, CONTEXTS.dependencies).join(" \\\n    ")} \\
    ${script.join(" \\\n && ")}

FROM scratch AS ${TARGETS.lock}
COPY --from=resolve /lock/ /`;
}

// Each environment is fresh, and one uv command installs into it. A second one would start the environment's Python, and
// so the code of any package that ships a `.pth` file.
function installStage(options: DockerfileOptions, install: Install): string {
  const skip = omitted("--no-install-package", install);
  const steps = {
    "uv.lock": [
      "cp -R /opt/oken/deps /tmp/project && cd /tmp/project",
      `${PROJECT_ENVIRONMENT} UV_PROJECT_ENVIRONMENT=${venv} uv sync --frozen --no-build --no-dev --no-install-local${skip}`,
      "rm -rf /tmp/project",
    ],
    // Links that requirements.txt names may have no hashes; those that there are hold.
    "requirements.lock": [
      CREATE,
      `uv pip sync --allow-empty-requirements --python ${venv}/bin/python --no-build --verify-hashes${findLinks(options)} \\
      --index-strategy unsafe-best-match /opt/oken/deps/requirements.lock`,
    ],
  }[install.lock];
  return `FROM base AS deps
${header(options)}
RUN ${mounts(options, TARGETS.lock).join(" \\\n    ")} \\
    ${[...environment(options), ...steps].join(" \\\n && ")}
${COMPILE}`;
}

const CREATE = `uv venv -q --python ${python} ${venv}`;

/** Of one process that compiles, KiB. A file of 4 MB needs half of it, and one that is made for it all that there is. */
const COMPILE_MEMORY = 1_048_576;

// By the base's Python, and with hashes in place of times: installing the same again gives the same files.
const COMPILE = `RUN --network=none ulimit -d ${COMPILE_MEMORY}; ${python} -I -W ignore -m compileall -q -j 0 --invalidation-mode unchecked-hash ${venv}/lib >/dev/null || true`;

/** Wheels of this agent alone, in an environment of their own that is laid over the other. */
const BUILT_STAGE = `FROM base AS built
RUN --network=none --mount=type=bind,from=uvbin,source=/uv,target=/usr/local/bin/uv \\
    --mount=type=bind,from=${CONTEXTS.built},target=/opt/oken/built \\
    ${CREATE} && uv pip install --offline --no-cache --no-deps --no-index --no-build --python ${venv}/bin/python /opt/oken/built/*.whl
${COMPILE}`;

function exportTo(output: string, install: Install): string {
  return `${PROJECT_ENVIRONMENT} uv export -q --frozen --no-emit-local --no-dev --no-header --no-annotate${omitted("--no-emit-package", install)} \\
      -o ${output}`;
}

function omitted(flag: string, { builtNames }: Install): string {
  return builtNames.map((name) => ` ${flag} ${name}`).join("");
}

/** The indexes that resolving asked, in front of the lock: installing has to ask the same. */
const WITH_INDEXES = "{ [ ! -f indexes ] || cat indexes; cat requirements.lock; } >/lock/requirements.lock";

const PROJECT_ENVIRONMENT = `UV_PYTHON=${python} UV_PYTHON_PREFERENCE=only-system`;

// A layer's key does not cover the value of a secret. OKEN_AGENT does: without it one agent could get a layer that was
// fetched with the credentials of another.
function header({ secrets }: DockerfileOptions): string {
  return `ARG OKEN_INDEX_URL
ARG OKEN_EXTRA_INDEX_URLS
${secrets.netrc ? "ARG OKEN_AGENT\n" : ""}ENV UV_CACHE_DIR=/opt/uv-cache UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1 \\
    UV_NO_PROGRESS=1 NO_COLOR=1 UV_COMPILE_BYTECODE=0`;
}

function mounts(options: DockerfileOptions, input: string): string[] {
  const { cacheId, secrets, contexts, offline } = options;
  return [
    ...(offline ? ["--network=none"] : []),
    "--mount=type=bind,from=uvbin,source=/uv,target=/usr/local/bin/uv",
    `--mount=type=bind,from=${input},target=/opt/oken/deps`,
    `--mount=type=cache,id=${cacheId},target=/opt/uv-cache`,
    ...(contexts.files ? [`--mount=type=bind,from=${CONTEXTS.files},target=/opt/oken/files`] : []),
    ...(contexts.findLinks ? [`--mount=type=bind,from=${CONTEXTS.findLinks},target=/opt/oken/wheels`] : []),
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
  return `${options.contexts.findLinks ? " --find-links /opt/oken/wheels" : ""}${options.offline ? " --no-index" : ""}`;
}

function finalStage({ install, contexts, pythonVersion }: DockerfileOptions): string {
  const prefix = install === undefined ? "/usr/local" : venv;
  const interpreter = install === undefined ? python : `${venv}/bin/python`;
  const lines = [
    `FROM runtime AS ${TARGETS.agent}`,
    ...(install === undefined
      ? []
      : [`ENV PATH=${venv}/bin:$PATH`, `COPY --link --from=deps ${venv} ${venv}`]),
    ...(contexts.built ? [`COPY --link --from=built ${venv} ${venv}`] : []),
    ...(contexts.site
      ? [`COPY --link --from=${CONTEXTS.site} . ${prefix}/lib/python${pythonVersion}/site-packages/`]
      : []),
    `COPY --link . ${app}`,
    `USER ${IMAGE_USER_ID}:${IMAGE_USER_ID}`,
    `ENTRYPOINT ${JSON.stringify([`${runtime}/python/bin/python`, "-I", `${runtime}/main.py`, interpreter])}`,
  ];
  return lines.join("\n");
}
