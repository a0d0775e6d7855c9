import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { BINARY, runBinary } from "./binary.ts";
import type { TestRunner } from "./runner.ts";
import { writeTree } from "./tree.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** The address of the documents. curl reaches the test's runner by it, and the command line by `OKEN_URL`. */
export const ADDRESS = "http://127.0.0.1:8000";

/** Places of a host that the documents' commands write to: each home has its own. */
const PLACES = /\/(?:var\/lib\/oken|var\/backups|etc\/oken(?:-runner)?|usr\/local\/bin|run|tmp)(?![\w-])/g;

/** A command of the documents with the places of a home for those of the host. */
export function placedIn(home: string, command: string): string {
  return command.replaceAll(PLACES, `${home}$&`);
}

/**
 * Where a page's commands run: a directory with what a checkout has. Disposing of it removes the agents of `runner`, and
 * what runners have made that were started here.
 */
export async function documentsHome(runner: TestRunner) {
  const cwd = await mkdtemp(join(tmpdir(), "oken-documents-"));
  const [scratch, home] = [join(cwd, ".scratch"), join(cwd, "home")];
  await Promise.all([
    mkdir(scratch),
    cp(join(ROOT, "examples"), join(cwd, "examples"), { recursive: true }),
    cp(join(ROOT, "test/fixtures/documents"), join(cwd, "fixtures"), { recursive: true }),
    symlink(dirname(BINARY), join(cwd, "dist")),
    writeTree(cwd, { "home/.curlrc": curlSettings(runner), "tmp/keep": "", "usr/local/bin/keep": "" }),
  ]);
  const { PATH } = process.env;
  const env = {
    ...process.env,
    ...{ HOME: home, DOCKER_CONFIG: join(homedir(), ".docker"), XDG_CONFIG_HOME: undefined },
    ...{ PATH: `${dirname(BINARY)}:${PATH}`, OKEN_URL: runner.url, API_KEY: "a value" },
    // Of the runners that pages start.
    ...{ OKEN_PORT: "0", OKEN_DATA_DIR: join(cwd, "data"), OKEN_DOCKER_NETWORK: runner.network },
  };
  return {
    ...{ cwd, scratch, env },
    async [Symbol.asyncDispose]() {
      const { body } = await runner.request<{ agents: { agent_id: string }[] }>("GET", "/agents");
      await Promise.all(body.agents.map(({ agent_id }) => runner.request("DELETE", `/agents/${agent_id}`)));
      for (const dataDir of ["data", "var/lib/oken"])
        if (await Bun.file(join(cwd, dataDir, "runner.json")).exists())
          await runBinary(["uninstall", "--data-dir", join(cwd, dataDir), "--root", cwd, "--yes"]);
      await rm(cwd, { recursive: true, force: true });
    },
  };
}

/** A refusal is a failure, and the documents' address is the runner's. */
function curlSettings(runner: TestRunner): string {
  const { host } = new URL(runner.url);
  return `fail-with-body\nsilent\nshow-error\nconnect-to = "${new URL(ADDRESS).host}:${host}"\n`;
}
