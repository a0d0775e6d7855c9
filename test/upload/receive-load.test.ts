import { expect, test } from "bun:test";

import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { startCompiledServer } from "../fixtures/upload/compiled.ts";
import { largeArchive, postPieces } from "../fixtures/upload/large.ts";

const MiB = 1024 ** 2;
const TIMEOUT_MS = 120_000;
const LIMITS = { maxUploadBytes: 256 * MiB, maxUnpackedBytes: 256 * MiB, timeoutMs: TIMEOUT_MS };

test(
  "an upload of 200 MB, and ten of 50 MB at once, take bounded memory and leave nothing staged",
  async () => {
    await using scratch = await scratchDirectory();
    await using server = await startCompiledServer({ directory: scratch.path(), limits: LIMITS });
    expect(await postPieces(server.url, "warm-up", largeArchive(10))).toMatchObject({ status: 200 });
    const before = await server.health();

    expect(await postPieces(server.url, "large", largeArchive(200))).toMatchObject({ status: 200 });
    const afterOne = await server.health();
    expect((afterOne.maxRss - before.rss) / MiB).toBeLessThan(64);

    const archive = largeArchive(50);
    const agents = Array.from({ length: 10 }, (_, i) => `agent-${i}`);
    const answers = await Promise.all(agents.map((agent) => postPieces(server.url, agent, archive)));
    expect(answers.map(({ status }) => status)).toEqual(agents.map(() => 200));
    const afterTen = await server.health();
    expect((afterTen.maxRss - before.rss) / MiB).toBeLessThan(200);
    expect(afterTen).toMatchObject({ staged: [], used: 0 });
  },
  TIMEOUT_MS,
);
