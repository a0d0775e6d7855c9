import * as fc from "fast-check";

import { FAIL_POINTS, type FailPoint } from "../../../src/lib/fail-points.ts";

/** What `oken.toml` of an agent says beside its name. All may be paused. */
export const KINDS = {
  plain: "pause_after = 60\n",
  volume: 'pause_after = 60\n[[volumes]]\npath = "/data"\n',
  "shared volume": 'pause_after = 60\n[[volumes]]\npath = "/data"\nshared = true\n',
  replicas: "pause_after = 60\nconcurrency = 1\nmin = 2\nmax = 3\n",
} as const;

export type Kind = keyof typeof KINDS;

/** What somebody asks of the runner. A redeploy is of what was deployed last, and a restart comes after a kill -9. */
export type Request =
  | { do: "deploy"; kind: Kind; isBroken: boolean }
  | { do: "redeploy" | "stop" | "start" | "rollback" | "remove" | "restart" };

/** What else may come. What is done by hand is done to the container, or image, of this number. */
export type Incident =
  | { do: "invoke" | "sleep" | "pause" | "time passes" }
  | { do: "storm"; calls: number }
  | { do: (typeof BY_HAND)[number]; to: number };

/** The next step is the runner's last, or somebody comes in between. */
type Meeting = { do: "meet"; request: Request; at: FailPoint; with: "kill -9" | Incident | Request };

export type Step = Request | Incident | Meeting;

export const BY_HAND = [
  "exit",
  "docker kill",
  "docker rm",
  "docker pause",
  "docker unpause",
  "docker rmi",
] as const;

/** No one has more containers or images at a time. */
const MOST_OBJECTS = 4;

const aRequest: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("deploy" as const),
      kind: fc.constantFrom(...kinds()),
      isBroken: fc.nat(3).map((one) => one === 0),
    }),
  },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom("redeploy", "stop", "start", "start", "rollback", "remove", "restart")
      .map((it): Request => ({ do: it })),
  },
);

const anIncident: fc.Arbitrary<Incident> = fc.oneof(
  fc.constantFrom("invoke", "sleep", "pause", "time passes").map((it): Incident => ({ do: it })),
  fc.record({ do: fc.constant("storm" as const), calls: fc.integer({ min: 2, max: 8 }) }),
  fc.record({ do: fc.constantFrom(...BY_HAND), to: fc.nat(MOST_OBJECTS - 1) }),
);

/** Nobody is as quick as to freeze a container before it serves. */
const isQuick = (incident: Incident) => incident.do !== "docker pause";

const aMeeting: fc.Arbitrary<Meeting> = fc.record({
  do: fc.constant("meet" as const),
  request: aRequest,
  at: fc.constantFrom(...FAIL_POINTS),
  with: fc.oneof(fc.constant("kill -9" as const), anIncident.filter(isQuick), aRequest),
});

export const aStep: fc.Arbitrary<Step> = fc.oneof(aRequest, anIncident, aMeeting);

function kinds(): Kind[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant
  return Object.keys(KINDS) as Kind[];
}
