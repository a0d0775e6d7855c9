import { IMAGE_USER_ID } from "../../lib/agent-container.ts";
import { CONTEXTS, HEADER, IMAGE_PATHS, TARGETS } from "../dockerfile.ts";

/** The image that builds packages from source: it has no secret, no cache and nothing of another agent. */
export function builderDockerfileText(): string {
  return `${HEADER}

FROM \${OKEN_PYTHON_IMAGE} AS ${TARGETS.builder}
RUN --network=none find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=uvbin /uv /usr/local/bin/uv
COPY --from=${CONTEXTS.builder} . ${IMAGE_PATHS.builder}/
USER ${IMAGE_USER_ID}:${IMAGE_USER_ID}
`;
}
