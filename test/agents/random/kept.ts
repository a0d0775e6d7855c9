import type { Step } from "./steps.ts";

/** Histories after which something was not right once, as short as they could be made. */
export const KEPT: Record<string, readonly Step[]> = {
  "an instance that is missing is started though the image was removed by hand": [
    { do: "deploy", kind: "replicas", isBroken: false },
    { do: "docker rmi", to: 0 },
    { do: "stop" },
    { do: "start" },
  ],
  "an agent that exits between being ready and serving does not seem to run": [
    {
      do: "meet",
      request: { do: "deploy", kind: "plain", isBroken: false },
      at: "record.written",
      with: { do: "exit", to: 0 },
    },
    { do: "invoke" },
  ],
  "a further instance that exits between being ready and serving is replaced": [
    { do: "deploy", kind: "replicas", isBroken: false },
    { do: "docker rm", to: 1 },
    { do: "stop" },
    { do: "meet", request: { do: "start" }, at: "replica.ready", with: { do: "exit", to: 1 } },
  ],
  "a paused container goes when its wake is overtaken by a rollback": [
    { do: "deploy", kind: "plain", isBroken: false },
    { do: "deploy", kind: "plain", isBroken: false },
    { do: "docker pause", to: 0 },
    {
      do: "meet",
      request: { do: "rollback" },
      at: "commit.written",
      with: { do: "storm", calls: 2 },
    },
  ],
  "a paused container goes when its wake is overtaken by a stop": [
    { do: "deploy", kind: "plain", isBroken: false },
    { do: "docker pause", to: 0 },
    { do: "meet", request: { do: "stop" }, at: "stop.written", with: { do: "storm", calls: 2 } },
  ],
  "a paused container goes with its version, also where it is not the first of its version": [
    { do: "deploy", kind: "replicas", isBroken: false },
    { do: "exit", to: 0 },
    { do: "pause" },
    { do: "deploy", kind: "plain", isBroken: false },
  ],
};
