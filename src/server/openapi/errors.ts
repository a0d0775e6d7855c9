import { ErrorBody } from "../../model/api.ts";
import { type ErrorCode, STATUS_OF_CODE } from "../../errors.ts";

/** Responses of an operation for the codes it may answer, grouped by status. */
export function errorResponses(codes: ErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy(codes, (code) => STATUS_OF_CODE[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      { description: group.join(", "), content: { "application/json": { schema: ErrorBody } } },
    ]),
  );
}
