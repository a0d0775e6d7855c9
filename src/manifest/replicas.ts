import type { ReplicaLimits, Volume } from "../model/manifest.ts";
import { type Fields, integerField, invalid } from "./fields.ts";

/** Each is a container with all of the agent's memory and CPUs, on one host. */
const MAX_REPLICAS = 16;

/**
 * Reads `replicas`, or `min` and `max`: how many instances may serve at once. Undefined for one.
 *
 * @throws RunnerError CONFIG_ERROR where they contradict each other, or a volume that only one instance may have
 */
export function replicasField(fields: Fields, volumes: Volume[] = []): ReplicaLimits | undefined {
  const { table } = fields;
  const count = (key: string, fallback: number) =>
    integerField(fields, key, { min: 1, max: MAX_REPLICAS, unit: "instances", fallback });
  const replicas = count("replicas", 1);
  const either = ["min", "max"].find((key) => table[key] !== undefined);
  if (table.replicas !== undefined && either !== undefined)
    throw invalid(fields, either, {
      value: table[either],
      allowed: "replicas says both min and max; write either",
    });
  const min = count("min", replicas);
  const max = count("max", Math.max(min, replicas));
  if (min > max) throw invalid(fields, "min", { value: min, allowed: `it is at most max, which is ${max}` });
  if (max === 1) return undefined;
  const own = volumes.find(({ shared }) => !shared);
  if (own !== undefined)
    throw invalid(
      fields,
      table.replicas === undefined ? (table.max === undefined ? "min" : "max") : "replicas",
      {
        value: max,
        allowed: `the volume ${own.path} is for one instance at a time; have one instance, or write shared = true at the volume if several may use it at once`,
      },
    );
  return { min, max };
}
