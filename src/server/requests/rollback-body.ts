import type { Clock } from "../../lib/clock.ts";
import { RollbackRequest } from "../../model/api.ts";
import { readSmallJson } from "./small-json.ts";

const EXPECTED = '{"version": n} with a whole number from 1';

/**
 * The version that a rollback names, or undefined. The body may be empty.
 *
 * @throws RunnerError INVALID_REQUEST
 */
export async function readRollback(
  request: Request,
  clock: Pick<Clock, "timer">,
): Promise<number | undefined> {
  return (await readSmallJson(request, { schema: RollbackRequest, expected: EXPECTED, clock }))?.version;
}
