import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import tar from "tar-stream";

import { RunnerError } from "../lib/errors.ts";

/** What may come out: wheels, whose name has five or six parts, and the list. */
const OUTPUT_NAME =
  /^(?:[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(?:-\d\w*)?-[\w.]+-[\w.]+-[\w.]+\.whl|uv\.lock|requirements\.lock)$/;

export type FileReceiver = {
  /** Base64, cut anywhere. Rejects once more than the limit has come. */
  add(text: string): Promise<void>;
  /** Resolves when every file is written; rejects with BUILD_FAILED for anything but known, plain files. */
  end(): Promise<void>;
  abandon(): void;
};

/** Reads a tar archive in base64 that untrusted code wrote: known names, plain files, bounded size, nothing else. */
export function receiveFiles(directory: string, limit: number): FileReceiver {
  const bytes = new PassThrough();
  const extract = tar.extract();
  bytes.pipe(extract);
  let received = 0;
  let rest = "";
  const done = writeEntries(extract, directory);
  // Awaited in `end`; a failure before that must not count as unhandled.
  done.catch(() => undefined);
  return {
    async add(text: string) {
      received += text.length;
      if ((received / 4) * 3 > limit) {
        throw new RunnerError("BUILD_FAILED", `What was built from source is more than ${limit} bytes.`, {
          details: {
            class: "too_large",
            hint: "Depend on a release that has wheels.",
            log: "",
            step: BUILD_STEP,
          },
        });
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
  await mkdir(directory, { recursive: true });
  try {
    for await (const entry of extract) {
      const { name, type } = entry.header;
      if (type !== "file" || !OUTPUT_NAME.test(name))
        throw new Error(`unexpected entry ${JSON.stringify(name)}`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
      await writeFile(join(directory, name), Buffer.concat(chunks), { flag: "wx" });
    }
  } catch (error) {
    throw new RunnerError("BUILD_FAILED", "What was built from source did not come out as wheels.", {
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

/** The name of a source build among a build's steps. */
export const BUILD_STEP = "build packages from source";
