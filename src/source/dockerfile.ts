import type { InstallRecipe } from "./dependencies/plan.ts";

/** Where things are inside an image. The runtime inside the container relies on these. */
export const IMAGE_PATHS = {
  app: "/app",
  venv: "/opt/venv",
  runtime: "/opt/oken/runtime",
  python: "/usr/local/bin/python3",
} as const;

/** Numeric, above every system user; nothing in the image belongs to it. */
export const AGENT_USER = "10001:10001";

/** Names under which the build finds its inputs. */
export const CONTEXTS = {
  runtime: "oken-runtime",
  dependencies: "oken-deps",
  findLinks: "oken-wheels",
} as const;

export type DockerfileOptions = {
  recipe: InstallRecipe;
  /** Name of the shared uv cache; made of the uv image, since caches of unlike versions do not mix. */
  cacheId: string;
  /** Build secrets that are present; a missing one is not mounted. */
  secrets: { ca: boolean; netrc: boolean };
  /** A folder of wheels comes as the context `oken-wheels`. */
  findLinks: boolean;
  /** `wheels`: no package's code runs. `sources`: it may, with a cache and layers of this agent's own. */
  packages: "wheels" | "sources";
};

/**
 * The Dockerfile of an agent. Values reach it as build arguments, never as text, so nothing uploaded can add an
 * instruction. There is no `# syntax` line: a frontend from a registry would be fetched on every new host.
 */
export function dockerfileText(options: DockerfileOptions): string {
  const stages = [HEADER, BASE];
  if (options.recipe !== "none") stages.push(dependencyStage(options, options.recipe), LOCK);
  stages.push(finalStage(options.recipe));
  return `${stages.join("\n\n")}\n`;
}

/** What no upload needs inside its image: derived files, and version control with its history. */
export const IGNORE_TEXT = [".git", ".hg", ".svn", ".venv", "venv", "**/__pycache__", ".oken", ""].join("\n");

const HEADER = `ARG OKEN_PYTHON_IMAGE
ARG OKEN_UV_IMAGE
FROM \${OKEN_UV_IMAGE} AS uvbin`;

// The official slim images ship the standard library without byte code: each start of a read-only container would
// compile it again. The venv is not on PATH here: a script of a package must not stand in for a command of the build.
const BASE = `FROM \${OKEN_PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/home/agent
WORKDIR ${IMAGE_PATHS.app}
RUN --network=none mkdir -p /home/agent && chown ${AGENT_USER} /home/agent \\
 && ${IMAGE_PATHS.python} -I -m compileall -q -j 0 -x 'site-packages|/test/' \\
    "$(${IMAGE_PATHS.python} -I -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

FROM base AS runtime
COPY --from=${CONTEXTS.runtime} . ${IMAGE_PATHS.runtime}/
RUN --network=none ${IMAGE_PATHS.python} -I -m compileall -q ${IMAGE_PATHS.runtime}`;

const LOCK = `FROM scratch AS lock
COPY --from=deps /opt/oken/lock/ /`;

function dependencyStage(options: DockerfileOptions, recipe: Exclude<InstallRecipe, "none">): string {
  // A secret's value is no part of a layer's key, and neither is the cache's name: only the argument keeps one agent
  // from being handed a layer that another one's secret or code made.
  const own = options.packages === "sources" || options.secrets.netrc;
  return `FROM base AS deps
ARG OKEN_INDEX_URL
ARG OKEN_EXTRA_INDEX_URLS
${own ? "ARG OKEN_AGENT\n" : ""}ENV UV_CACHE_DIR=/opt/uv-cache UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1 \\
    UV_NO_PROGRESS=1 NO_COLOR=1 UV_COMPILE_BYTECODE=0 UV_HTTP_RETRIES=3
RUN ${mounts(options).join(" \\\n    ")} \\
    ${installScript(options, recipe).join(" \\\n && ")}
RUN --network=none ${IMAGE_PATHS.python} -I -m compileall -q -j 0 --invalidation-mode unchecked-hash ${IMAGE_PATHS.venv}/lib`;
}

function mounts({ cacheId, secrets, findLinks }: DockerfileOptions): string[] {
  return [
    "--mount=type=bind,from=uvbin,source=/uv,target=/usr/local/bin/uv",
    `--mount=type=bind,from=${CONTEXTS.dependencies},target=/opt/oken/deps`,
    `--mount=type=cache,id=${cacheId},target=/opt/uv-cache`,
    ...(findLinks ? [`--mount=type=bind,from=${CONTEXTS.findLinks},target=/opt/oken/wheels`] : []),
    ...(secrets.ca ? ["--mount=type=secret,id=ca,target=/run/secrets/ca,required=true"] : []),
    ...(secrets.netrc ? ["--mount=type=secret,id=netrc,target=/run/secrets/netrc,required=true"] : []),
  ];
}

function installScript(options: DockerfileOptions, recipe: Exclude<InstallRecipe, "none">): string[] {
  const build = options.packages === "wheels" ? " --no-build" : "";
  const links = options.findLinks ? " --find-links /opt/oken/wheels" : "";
  const environment = [
    'if [ -n "$OKEN_INDEX_URL" ]; then export UV_DEFAULT_INDEX="$OKEN_INDEX_URL"; fi',
    'if [ -n "$OKEN_EXTRA_INDEX_URLS" ]; then export UV_INDEX="$OKEN_EXTRA_INDEX_URLS"; fi',
    ...(options.secrets.ca ? ["export SSL_CERT_FILE=/run/secrets/ca"] : []),
    ...(options.secrets.netrc ? ["export NETRC=/run/secrets/netrc"] : []),
  ];
  const project = "cp -R /opt/oken/deps /tmp/project && cd /tmp/project && mkdir -p /opt/oken/lock";
  const python = `UV_PYTHON=${IMAGE_PATHS.python} UV_PYTHON_PREFERENCE=only-system UV_PROJECT_ENVIRONMENT=${IMAGE_PATHS.venv}`;
  const sync = `${python} uv sync --frozen${build}${links} --no-dev --no-install-local`;
  const venv = `uv venv -q --python ${IMAGE_PATHS.python} ${IMAGE_PATHS.venv}`;
  const pip = (verb: string) => `uv pip ${verb} --python ${IMAGE_PATHS.venv}/bin/python${build}${links}`;
  const install = {
    sync: [sync, "cp uv.lock /opt/oken/lock/"],
    "lock-and-sync": [`${python} uv lock${build}${links}`, sync, "cp uv.lock /opt/oken/lock/"],
    "compile-and-sync": [
      venv,
      `${pip("compile")} -q --generate-hashes --no-header --no-annotate requirements.txt -o requirements.lock`,
      `${pip("sync")} --require-hashes requirements.lock`,
      "cp requirements.lock /opt/oken/lock/",
    ],
    hashed: [
      venv,
      `${pip("sync")} --require-hashes requirements.lock`,
      "cp requirements.lock /opt/oken/lock/",
    ],
  }[recipe];
  return [...environment, project, ...install, "rm -rf /tmp/project"];
}

function finalStage(recipe: InstallRecipe): string {
  const { app, python, runtime, venv } = IMAGE_PATHS;
  const interpreter = recipe === "none" ? python : `${venv}/bin/python`;
  const dependencies =
    recipe === "none" ? "" : `ENV PATH=${venv}/bin:$PATH\nCOPY --link --from=deps ${venv} ${venv}\n`;
  return `FROM runtime AS final
${dependencies}COPY --link . ${app}
USER ${AGENT_USER}
ENTRYPOINT ${JSON.stringify([interpreter, "-I", `${runtime}/main.py`])}`;
}
