import { describe } from "bun:test";

import { HOST_CAN } from "../../src/docker/abilities.ts";
import { claimCases } from "./claims.case.ts";
import { containerCases } from "./containers.case.ts";
import { eventCases } from "./events.case.ts";
import { imageCases } from "./images.case.ts";
import { outputCases } from "./output.case.ts";
import { volumeCases } from "./volumes.case.ts";
import type { Abilities } from "../../src/docker/types.ts";
import type { CreateSubject } from "./subject.ts";

/** What every `Workload` does, but for what it says that it cannot. */
export function workloadCases(can: Abilities, create: CreateSubject): void {
  containerCases(can, create);
  outputCases(create);
  eventCases(can, create);
}

/** What every `Engine` does. The fake one passes the same cases as the real one, so that unit tests may trust it. */
export function engineCases(title: string, create: CreateSubject): void {
  describe(title, () => {
    workloadCases(HOST_CAN, create);
    imageCases(create);
    claimCases(create);
    volumeCases(create);
  });
}
