import { describe, expect, setDefaultTimeout, test } from "bun:test";

import { startPackageIndex } from "../helpers/package-index.ts";
import { sdist } from "../helpers/wheel.ts";
import { buildFailure, leftovers } from "./harness-build.ts";
import { MEASURED } from "../helpers/measured.ts";

setDefaultTimeout(300_000);

describe("a build that is stopped", () => {
  const SLOW = {
    "requirements.txt": "oken-slow==1\n",
  };

  test(
    "ends within two seconds with the reason it was stopped for, and leaves nothing",
    async () => {
      const label = crypto.randomUUID();
      const controller = new AbortController();
      const reason = new Error("superseded");
      using index = await startPackageIndex({
        "oken_slow-1.tar.gz": await sdist("oken_slow", "1", { "setup.py": "import time; time.sleep(120)\n" }),
      });
      let stopped = 0;
      const poll = setInterval(() => {
        // The source has been fetched, so its code is running.
        if (stopped === 0 && index.requests.filter(({ path }) => path.endsWith(".tar.gz")).length > 0) {
          stopped = performance.now();
          controller.abort(reason);
        }
      }, 20);
      const error = await buildFailure(SLOW, {
        signal: controller.signal,
        labels: { "oken.test": label },
        settings: { extraIndexUrls: [index.url] },
      });
      clearInterval(poll);
      expect(error).toBe(reason);
      expect(performance.now() - stopped).toBeLessThan(2_000);
      expect(await leftovers(label)).toEqual([]);
    },
    MEASURED,
  );

  test("at its deadline says which step it was at", async () => {
    using index = await startPackageIndex({});
    await using silent = Bun.serve({
      hostname: index.host,
      port: 0,
      fetch: () => new Promise<Response>(() => undefined),
    });
    const error = await buildFailure(
      // Of a name that no build has resolved yet: the port may be that of an earlier index.
      { "requirements.txt": `oken-${crypto.randomUUID()}\n` },
      { buildTimeout: 6, settings: { indexUrl: `http://${index.host}:${silent.port}/simple/` } },
    );
    expect(error).toMatchObject({
      code: "BUILD_TIMEOUT",
      message: "The build did not finish within 6 s. It was at: resolve the dependencies.",
      details: { class: "timeout", step: "resolve the dependencies" },
    });
  });
});
