import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { docker } from "./docker.ts";
import { type Files, writeTree } from "./tree.ts";

/** The lock that uv makes of `files`, in a container: `uvLock(files, ["--script", "main.py"])`. */
export async function uvLock(files: Files, args: string[] = []): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const context = join(directory, `context-${crypto.randomUUID()}`);
  const { OKEN_PYTHON_IMAGE, OKEN_UV_IMAGE, OKEN_CA_FILE, OKEN_INDEX_URL } = process.env;
  const python = (OKEN_PYTHON_IMAGE ?? "python:{version}-slim-trixie").replace("{version}", "3.12");
  const lock = args.at(-1)?.endsWith(".py") ? `${args.at(-1)}.lock` : "uv.lock";
  try {
    await writeTree(context, files);
    await writeFile(
      join(directory, "Dockerfile"),
      `FROM ${OKEN_UV_IMAGE ?? "ghcr.io/astral-sh/uv:0.13.9"} AS uv
FROM ${python} AS lock
ARG INDEX
ENV UV_PYTHON_DOWNLOADS=never
COPY --from=uv /uv /usr/local/bin/uv
COPY . /work
WORKDIR /work
RUN --mount=type=secret,id=ca,target=/run/secrets/ca,required=false \\
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \\
    if [ -n "$INDEX" ]; then export UV_DEFAULT_INDEX="$INDEX"; fi; \\
    uv lock ${args.join(" ")}
FROM scratch
COPY --from=lock /work/${lock} /
`,
    );
    await docker([
      ...["buildx", "build", "--provenance=false", "--file", join(directory, "Dockerfile")],
      ...["--build-arg", `INDEX=${OKEN_INDEX_URL ?? ""}`],
      ...(OKEN_CA_FILE === undefined ? [] : ["--secret", `id=ca,src=${OKEN_CA_FILE}`]),
      ...["--output", `type=local,dest=${join(directory, "out")}`, context],
    ]);
    return await readFile(join(directory, "out", lock), "utf8");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
