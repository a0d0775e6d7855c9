import { extract as tarExtract } from "tar-stream";
import type { Extract } from "tar-stream";

import { RunnerError, messageOf } from "../../lib/errors.ts";
import { createFraming } from "./framing.ts";
import { BLOCK_BYTES } from "./header-block.ts";
import { inflate } from "./inflate.ts";
import { placeEntry, startPlacing } from "./place.ts";
import { corrupt, disagreement } from "./refusal.ts";
import type { FramedEntry } from "./framing.ts";
import type { PlaceOptions, Unpacked } from "./place.ts";

/** V7 archives and some writers of our day carry no magic; tar-stream's declarations leave the option out. */
const TAR_OPTIONS: Parameters<typeof tarExtract>[0] & { allowUnknownFormat: boolean } = {
  allowUnknownFormat: true,
};

export type UnpackOptions = PlaceOptions & { archivePath: string };

/** Reads the archive once and writes everything but the symbolic links. */
export async function unpack(options: UnpackOptions): Promise<Unpacked> {
  const placing = startPlacing(options);
  const framed: FramedEntry[] = [];
  const extract = tarExtract(TAR_OPTIONS);
  const feeding = feed(extract, framed, options).catch((error: unknown) => {
    const failure = error instanceof Error ? error : new Error(messageOf(error));
    extract.destroy(failure);
    return failure;
  });
  try {
    for await (const entry of extract) await placeEntry(entry, framed.shift(), placing);
  } catch (error) {
    extract.destroy();
    const failure = await feeding;
    // A refusal of an entry is the first cause; else what stopped the feeding; else the parser's own word.
    if (error instanceof RunnerError || failure === undefined) throw error;
    throw failure;
  }
  const failure = await feeding;
  if (failure !== undefined) throw failure;
  if (framed.length > 0) throw disagreement();
  await options.writer.settle();
  return placing;
}

/** Archive to parser: unzipped, cut into whole blocks, checked, and no faster than entries are written. */
async function feed(extract: Extract, framed: FramedEntry[], options: UnpackOptions): Promise<void> {
  const framing = createFraming(options.limits);
  let carry: Buffer = Buffer.alloc(0);
  for await (const chunk of inflate(options.archivePath, options.limits, options.signal)) {
    const bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
    const whole = bytes.length - (bytes.length % BLOCK_BYTES);
    carry = bytes.subarray(whole);
    if (whole === 0) continue;
    const blocks = bytes.subarray(0, whole);
    framed.push(...framing.scan(blocks));
    if (!extract.write(blocks)) await drained(extract);
    if (extract.destroyed) return;
  }
  if (carry.some((byte) => byte !== 0))
    throw corrupt("truncated", "the tar archive ends in the middle of a block");
  framing.end();
  extract.end(null);
}

function drained(extract: Extract): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      extract.off("drain", done);
      extract.off("close", done);
      resolve();
    };
    extract.on("drain", done);
    extract.on("close", done);
  });
}
