import { afterAll, beforeAll, describe } from "bun:test";

import { canStartLab, startLab } from "../helpers/lab.ts";
import { type Lab, importBase } from "../helpers/lab-runner.ts";
import { lifeCase } from "./swarm-life.case.ts";
import { nodesCase } from "./swarm-nodes.case.ts";

/** Longest wait for the lab with a base in it, milliseconds. Each takes ten seconds alone. */
const LAB_MS = 150_000;

describe.skipIf(!canStartLab)("on a swarm", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
    await importBase(lab);
  }, LAB_MS);
  afterAll(() => lab[Symbol.asyncDispose](), LAB_MS);

  lifeCase(() => lab);
  nodesCase(() => lab);
});
