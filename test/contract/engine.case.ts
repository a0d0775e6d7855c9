import { describe } from "bun:test";

import { claimCases } from "./claims.case.ts";
import { containerCases } from "./containers.case.ts";
import { eventCases } from "./events.case.ts";
import { imageCases } from "./images.case.ts";
import { outputCases } from "./output.case.ts";
import { volumeCases } from "./volumes.case.ts";
import type { CreateSubject } from "./subject.ts";

/** What every `Engine` does. The fake one passes the same cases as the real one, so that unit tests may trust it. */
export function engineCases(title: string, create: CreateSubject): void {
  describe(title, () => {
    containerCases(create);
    outputCases(create);
    eventCases(create);
    imageCases(create);
    claimCases(create);
    volumeCases(create);
  });
}
