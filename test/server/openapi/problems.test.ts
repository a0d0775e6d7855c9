import { expect, test } from "bun:test";

import { PROBLEMS, type ProblemName } from "../../../src/server/openapi/problems.ts";
import type { Problem } from "../../../src/server/openapi/problems/problem.ts";
import { AGENTS } from "./provoke/agents.ts";
import { BUILDS } from "./provoke/builds.ts";
import { INVOKES } from "./provoke/invokes.ts";
import { type Provoke, told } from "./provoke/provoke.ts";
import { RUNNER } from "./provoke/runner.ts";
import { UPLOADS } from "./provoke/uploads.ts";

const PROVOKE: Record<ProblemName, Provoke> = { ...AGENTS, ...UPLOADS, ...BUILDS, ...INVOKES, ...RUNNER };

test.each(Object.entries<Problem>(PROBLEMS))(
  "the example of %s is what the code says",
  async (name, problem) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key of the same table
    const { status, headers, body } = await told(PROVOKE[name as ProblemName]);
    const { code, error, details } = problem;
    expect(body).toMatchObject({ error, code, ...(details && { details }) });
    expect(String(status)).toMatch(new RegExp(`^${String(problem.status).replace("XX", "..")}$`));
    for (const header of problem.headers ?? []) expect(headers.has(header)).toBe(true);
  },
);
