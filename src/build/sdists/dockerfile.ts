import { IMAGE_USER_ID } from "../../lib/agent-container.ts";
import { HEADER } from "../dockerfile.ts";
import { CONTEXTS, IMAGE_PATHS, TARGETS } from "../layout.ts";
import { type SystemStep, systemRun } from "../system/dockerfile.ts";

/**
 * The image that builds packages from source: it has no secret, no cache and nothing of another agent. The agent's
 * Debian packages are in it, since they may be what a package is built with.
 */
export function builderDockerfileText(system: SystemStep | undefined): string {
  return `${HEADER}

FROM \${OKEN_PYTHON_IMAGE} AS ${TARGETS.builder}
${system === undefined ? "" : `${systemRun(system)}\n`}RUN --network=none find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=uvbin /uv /usr/local/bin/uv
COPY --from=${CONTEXTS.builder} . ${IMAGE_PATHS.builder}/
USER ${IMAGE_USER_ID}:${IMAGE_USER_ID}
`;
}
