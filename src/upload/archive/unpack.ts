import { type Extract, extract as tarExtract } from "tar-stream";

import { messageOf, RunnerError } from "../../lib/errors.ts";
import { createFraming, type FramedEntry } from "./framing.ts";
import { BLOCK_BYTES } from "./header-block.ts";
import { inflate } from "./inflate.ts";
import { placeEntry, type PlaceOptions, startPlacing, type Unpacked } from "./place.ts";
import { corrupt, disagreement } from "./refusal.ts";

/** V7 archives have no magic, and some programs still write them. The types of tar-stream lack the option. */
const TAR_OPTIONS: Parameters<typeof tarExtract>[0] & { allowUnknownFormat: boolean } = {
  allowUnknownFormat: true,
};

export type UnpackOptions = PlaceOptions & { archivePath: string };

/** Reads the archive once and writes all but its symbolic links. */
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
    // The first of these is the cause: an entry that was refused, what ended the feeding, an error of tar-stream.
    if (error instanceof RunnerError || failure === undefined) throw error;
    throw failure;
  }
  const failure = await feeding;
  if (failure !== undefined) throw failure;
  if (framed.length > 0) throw disagreement();
  await options.writer.settle();
  return placing;
}

/** Unzips the archive and passes whole, checked blocks to tar-stream, no faster than entries are written. */
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
