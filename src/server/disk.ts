import { Elysia } from "elysia";

import type { PruneOptions } from "../agents/disk/keeper.ts";
import type { Clock } from "../lib/clock.ts";
import { DiskReport, PruneReport, PruneRequest } from "../model/api-disk.ts";
import type { ServerContext } from "./context.ts";
import * as docs from "./openapi/disk.ts";
import { readSmallJson } from "./requests/small-json.ts";

const EXPECTED = '{"dry_run": true or false, "budget_bytes": n}';

/** What the runner has on disk, and its removal. */
export function diskController({ disk, clock }: Pick<ServerContext, "disk" | "clock">) {
  return new Elysia({ name: "disk" })
    .get("/disk", () => disk.report(), { response: DiskReport, detail: docs.diskDocs })
    .post("/disk/prune", async ({ request }) => disk.prune(await readPrune(request, clock)), {
      parse: "none",
      response: PruneReport,
      detail: docs.pruneDocs,
    });
}

/** @throws RunnerError INVALID_REQUEST */
export async function readPrune(request: Request, clock: Pick<Clock, "timer">): Promise<PruneOptions> {
  const body = await readSmallJson(request, { schema: PruneRequest, expected: EXPECTED, clock });
  return { isDry: body?.dry_run ?? false, budgetBytes: body?.budget_bytes };
}
