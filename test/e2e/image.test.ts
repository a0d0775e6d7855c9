import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** Installs Debian packages, which takes minutes: only where there is time. */
const isLong = process.env["OKEN_TEST_LONG"] === "yes";

test.skipIf(!isLong)("the image of the runner is built on any Debian, serves, and is healthy", async () => {
  const tag = `oken-test-image:${Bun.randomUUIDv7().slice(-12)}`;
  const name = tag.replace(":", "-");
  const dataDir = `/tmp/${name}`;
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => {
    await docker(["rm", "--force", "--volumes", name]).catch(() => []);
    await docker(["network", "rm", name]).catch(() => []);
    await docker(["image", "rm", "--force", tag]).catch(() => []);
    await Bun.$`rm -rf ${dataDir}`;
  });
  const base = (await Bun.$`scripts/runner-base`.cwd(ROOT).text()).trim();
  await docker(["build", "--network", "host", "--build-arg", `BASE_IMAGE=${base}`, "--tag", tag, ROOT]);
  await docker([
    ...["run", "--detach", "--name", name, "--network", "host", "--cap-add", "NET_ADMIN"],
    ...["--volume", "/var/run/docker.sock:/var/run/docker.sock", "--volume", `${dataDir}:${dataDir}`],
    ...["--env", `OKEN_DATA_DIR=${dataDir}`, "--env", `OKEN_LISTEN=unix:${dataDir}/api.sock`],
    ...["--env", `OKEN_DOCKER_NETWORK=${name}`, "--env", "OKEN_PYTHON_IMAGE", "--env", "OKEN_UV_IMAGE"],
    ...["--health-interval", "1s", tag],
  ]);
  await eventually(async () =>
    expect(await docker(["inspect", "--format", "{{.State.Health.Status}}", name])).toEqual(["healthy"]),
  );
});
