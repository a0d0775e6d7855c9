import { RunnerError } from "../lib/errors.ts";
import type { Workload } from "./workload.ts";

/** Where containers run on this host alone. */
export const ONE_HOST: Pick<Workload, "nodes" | "setAvailability"> = {
  nodes: () => Promise.resolve([]),
  setAvailability: (node) =>
    Promise.reject(new RunnerError("NOT_FOUND", `There is no node ${JSON.stringify(node)}.`)),
};
