import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { makeScratch } from "../lib/scratch.ts";
import { SyntaxProblem } from "../model/syntax.ts";
import program from "./compile.py" with { type: "text" };
import { contentName, fileDigest } from "./content-name.ts";
import { IMAGE_PATHS } from "./layout.ts";
import { writeFiles } from "./files.ts";
import { imageFor } from "./settings.ts";
import type { BuilderHost, CompileRequest } from "./types.ts";

const TARGET = "told";
const ANSWER = "problem.json";

/** In the base image of agents, without a network: the module is compiled and not run. */
const DOCKERFILE = `ARG OKEN_PYTHON_IMAGE
FROM \${OKEN_PYTHON_IMAGE} AS compile
RUN --network=none --mount=type=bind,target=/opt/oken/compile \\
    mkdir /told && ${IMAGE_PATHS.python} -I -S -W ignore /opt/oken/compile/compile.py /opt/oken/compile/module /told/${ANSWER}

FROM scratch AS ${TARGET}
COPY --from=compile /told/ /
`;

/**
 * Asks the agent's Python for what it cannot compile: each version refuses other things, and says it in other words. It
 * takes a second, so it is for a module about which there is a doubt.
 */
export async function compileModule(
  { engine, settings, staging }: Pick<BuilderHost, "engine" | "settings" | "staging">,
  { source, pythonVersion, signal, timeoutMs }: CompileRequest & { timeoutMs: number },
): Promise<SyntaxProblem | undefined> {
  await using scratch = await makeScratch(staging, "compile-");
  const module = join(scratch.path, "module");
  const dockerfile = join(scratch.path, "Dockerfile");
  await Promise.all([writeFile(module, source), writeFile(dockerfile, DOCKERFILE)]);
  const name = contentName("compile", { program, module: await fileDigest(module) });
  const context = join(scratch.path, name);
  await writeFiles(context, { "compile.py": program }, { module });
  const inputs = {
    dockerfile,
    context,
    contexts: [],
    buildArgs: { OKEN_PYTHON_IMAGE: imageFor(settings.pythonImage, pythonVersion) },
    secretFiles: {},
  };
  const directory = join(scratch.path, TARGET);
  await engine.exportStage({ inputs, target: TARGET, directory, timeoutMs, signal });
  const answer: unknown = JSON.parse(await readFile(join(directory, ANSWER), "utf8"));
  return Value.Parse(Type.Union([SyntaxProblem, Type.Null()]), answer) ?? undefined;
}
