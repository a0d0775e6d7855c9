import { afterAll, beforeAll, expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";

import { runInProcess } from "../../helpers/cli.ts";
import { type FakeRunner, errorAnswer, fakeRunner } from "../../helpers/fake-runner.ts";
import { temporaryTree } from "../../helpers/tree.ts";

const TOKEN = "a-token-of-more-than-sixteen-characters";

let runner: FakeRunner;
beforeAll(() => {
  runner = fakeRunner({
    "GET /agents": ({ headers }) =>
      headers.get("authorization") === `Bearer ${TOKEN}`
        ? Response.json({ agents: [] })
        : errorAnswer(401, "UNAUTHORIZED", "The token is not known."),
  });
});
afterAll(() => runner[Symbol.dispose]());

/** A person with a configuration of their own. */
async function person() {
  const home = await temporaryTree();
  const path = join(home.path, "oken", "hosts.toml");
  return {
    path,
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
    run: (args: string[], token = "", environment = {}) =>
      runInProcess(
        args,
        { XDG_CONFIG_HOME: home.path, ...environment },
        { input: { text: () => Promise.resolve(token) } },
      ),
  };
}

test("login keeps a runner that takes the token, for its owner alone, and commands use it", async () => {
  await using ada = await person();
  const { status, err } = await ada.run(["login", runner.url, "--name", "prod"], `${TOKEN}\n`);
  expect(status).toBe(0);
  expect(err).toBe(`Kept as prod in ${ada.path}\nNext: oken-runner ps\n`);
  expect((await stat(ada.path)).mode & 0o777).toBe(0o600);
  expect((await ada.run(["ps"])).status).toBe(0);
  expect((await ada.run(["ps", "--url", "prod"])).status).toBe(0);
  expect((await ada.run(["ps"], "", { OKEN_URL: "prod" })).status).toBe(0);
  // A token that was kept goes to its own runner alone.
  expect((await ada.run(["ps", "--url", runner.url])).status).toBe(4);
});

test("login keeps nothing that the runner refuses", async () => {
  await using ada = await person();
  const { status, err } = await ada.run(["login", runner.url, "--name", "prod"], "another-token");
  expect(status).toBe(4);
  expect(err).toContain("The token is not known.");
  expect(await Bun.file(ada.path).exists()).toBeFalse();
});

test("hosts lists what is kept without its token, logout forgets it", async () => {
  await using ada = await person();
  await ada.run(["login", runner.url, "--name", "one"], TOKEN);
  await ada.run(["login", runner.url, "--name", "two", "--default"], TOKEN);
  const { out } = await ada.run(["hosts"]);
  expect(out.split("\n").map((line) => line.split(/ {2,}/)[0])).toEqual(["NAME", "one", "two *", ""]);
  expect(out).not.toContain(TOKEN);
  expect((await ada.run(["hosts", "--json"])).out).not.toContain(TOKEN);
  expect((await ada.run(["logout", "two"])).status).toBe(0);
  expect(await ada.run(["logout", "two"])).toMatchObject({ status: 5 });
  expect((await ada.run(["hosts"])).out).not.toContain("two");
});

test("an unknown name, a file that is none, and a name that could be an address are told", async () => {
  await using ada = await person();
  expect((await ada.run(["login", runner.url, "--name", "a.b"], TOKEN)).err).toContain(
    '"a.b" is no name of a host',
  );
  await Bun.write(ada.path, "hosts = 3\n");
  const { status, err } = await ada.run(["ps"]);
  expect(status).toBe(2);
  expect(err).toContain(`${ada.path} cannot be read: hosts: Expected object.`);
  await Bun.write(ada.path, `[hosts.one]\nurl = "http://a.b"\ntoken = "${TOKEN}\n`);
  const broken = await ada.run(["ps"]);
  expect(broken.err).toContain("line 3, column ");
  expect(broken.err).not.toContain(TOKEN);
});
