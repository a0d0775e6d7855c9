import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";

import tar from "tar-stream";

import { RunnerError } from "../../lib/errors.ts";

/** Names of files that may come out: wheels, with five or six parts, and locks. */
const OUTPUT_NAME =
  /^(?:[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(?:-\d\w*)?-[\w.]+-[\w.]+-[\w.]+\.whl|uv\.lock|requirements\.lock)$/;

export type FileReceiver = {
  /** Takes base64, cut anywhere. Rejects when more than the limit has arrived. */
  add(text: string): Promise<void>;
  /**
   * Resolves when every file is written. Rejects with BUILD_FAILED if there is anything but plain files of known names.
   */
  end(): Promise<void>;
  abandon(): void;
};

/** Unpacks a base64 tar archive that untrusted code wrote: plain files of known names, up to a limit of bytes. */
export function receiveFiles(directory: string, limit: number): FileReceiver {
  const bytes = new PassThrough();
  const extract = tar.extract();
  bytes.pipe(extract);
  let received = 0;
  let rest = "";
  const done = writeEntries(extract, directory);
  // `end` awaits it. A failure before that must not count as unhandled.
  done.catch(() => undefined);
  return {
    async add(text: string) {
      received += text.length;
      if ((received / 4) * 3 > limit) {
        throw new RunnerError(
          "BUILD_FAILED",
          `The packages built from source have more than ${limit} bytes.`,
          {
            details: {
              class: "too_large",
              hint: "Depend on a release that has wheels.",
              log: "",
              step: BUILD_STEP,
            },
          },
        );
      }
      const joined = rest + text.replaceAll(/\s/g, "");
      const whole = joined.length - (joined.length % 4);
      rest = joined.slice(whole);
      if (whole > 0 && !bytes.write(Buffer.from(joined.slice(0, whole), "base64"))) {
        await Promise.race([once(bytes, "drain"), done]);
      }
    },
    async end() {
      bytes.end();
      await done;
    },
    abandon: () => {
      bytes.destroy();
      extract.destroy();
    },
  };
}

async function writeEntries(extract: ReturnType<typeof tar.extract>, directory: string): Promise<void> {
  // An entry that comes before it is read is lost, so nothing is awaited first.
  const made = mkdir(directory, { recursive: true });
  try {
    for await (const entry of extract) {
      const { name, type } = entry.header;
      if (type !== "file" || !OUTPUT_NAME.test(name))
        throw new Error(`unexpected entry ${JSON.stringify(name)}`);
      await made;
      await pipeline(entry, createWriteStream(join(directory, name), { flags: "wx" }));
    }
    await made;
  } catch (error) {
    throw new RunnerError("BUILD_FAILED", "The packages built from source are not wheels.", {
      details: {
        class: "package_build",
        hint: "Depend on a release that has wheels.",
        log: "",
        step: BUILD_STEP,
      },
      cause: error,
    });
  }
}

/** The name of the step that builds from source. */
export const BUILD_STEP = "build packages from source";
