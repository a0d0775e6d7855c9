import { expect, test } from "bun:test";

import { TEMPLATE_NAMES } from "../../../src/cli/templates/names.ts";
import { runInProcess } from "../../helpers/cli.ts";
import { eventually } from "../../helpers/eventually.ts";
import { DEPLOYED, errorAnswer, eventsAnswer, fakeRunner } from "../../helpers/fake-runner.ts";
import { type Files, temporaryTree } from "../../helpers/tree.ts";

const FILES = { "oken.toml": 'name = "Hello"\nslug = "hello"\n', "main.py": "def handler(input): ...\n" };
const EVENTS: readonly (readonly [event: string, data: object])[] = [
  ["phase", { phase: "received" }],
  ["phase", { phase: "building" }],
  ["log", { step: { name: "RUN uv sync", status: "done", ms: 1200 } }],
  ["log", { line: "Resolved \u001B[2Jtwelve packages" }],
  ["warning", { message: "an odd thing" }],
  ["phase", { phase: "starting" }],
  ["phase", { phase: "ready" }],
  ["result", DEPLOYED],
];

type Options = Parameters<typeof runInProcess>[2] & { files?: Files; environment?: Record<string, string> };

/** `deploy` in a project of its own, to a runner that answers so; with the form that it got. */
async function deploy(args: string[], answer: () => Response, options: Options = {}) {
  using runner = fakeRunner({ "POST /deploy": answer });
  await using tree = await temporaryTree(options.files ?? FILES);
  const environment = { OKEN_URL: runner.url, ...options.environment };
  const run = await runInProcess(["deploy", ...args], environment, { directory: tree.path, ...options });
  const form = (name: string) =>
    new RegExp(`name="${name}"\r\n\r\n(.*)\r\n`).exec(runner.asked[0]?.body ?? "")?.[1];
  return { ...run, asked: runner.asked, form };
}

test("a pipe gets the address alone; a line for each thing goes beside it", async () => {
  const { status, out, err, asked, form } = await deploy([], () => eventsAnswer(EVENTS));
  expect(status).toBe(0);
  expect(out).toBe(`http://${asked[0]?.headers.get("host")}/invoke/hello\n`);
  expect(err.split("\n")).toEqual([
    "Deploying hello: 2 files, 54 bytes",
    ...[
      "received",
      "building",
      "| RUN uv sync done 1.2 s",
      "| Resolved twelve packages",
      "warning: an odd thing",
    ],
    ...["starting", "ready", "Running: hello, version 3 (2.2 s: build 1.8 s, start 0.3 s)"],
    "handler in main.py is a function",
    `Next: oken-runner invoke hello '{"name": "Ada"}'`,
    "",
  ]);
  expect([form("agent_id"), form("secrets"), form("keep_secrets")]).toEqual(["hello", "{}", "true"]);
});

test("--no-build-log leaves the build out, --json gives the API's answer", async () => {
  const quiet = await deploy(["--no-build-log"], () => eventsAnswer(EVENTS));
  expect(quiet.err).not.toContain("|");
  const json = await deploy(["--json"], () => eventsAnswer(EVENTS));
  expect(JSON.parse(json.out)).toEqual(DEPLOYED);
});

test("a terminal is shown what is under way, and keeps what is done", async () => {
  const { err } = await deploy([], () => eventsAnswer(EVENTS), {
    isTerminal: true,
    environment: { NO_COLOR: "1" },
  });
  expect(err).toMatch(/✓ Sent {5}.*✓ Read .*✓ Built .*✓ Started /s);
  expect(err).toContain("! an odd thing");
});

test("a failed build shows its log, then the reason, and no stack", async () => {
  const body = {
    error: "The build failed: no such package",
    code: "BUILD_FAILED",
    details: { log: "one\ntwo\n", hint: "Look there." },
  };
  const { status, out, err } = await deploy([], () => eventsAnswer([["error", body]]));
  expect({ status, out }).toEqual({ status: 1, out: "" });
  expect(err).toEndWith("  one\n  two\noken-runner: The build failed: no such package\nLook there.\n");
});

test("what the reason says already is not said again", async () => {
  const body = {
    error: "There is no package named x. Check the spelling.",
    code: "BUILD_FAILED",
    details: { log: "There is no package named x.\n", hint: "Check the spelling." },
  };
  const { err } = await deploy(["--no-build-log"], () => eventsAnswer([["error", body]]));
  expect(err.split("\n").slice(1)).toEqual([
    "oken-runner: There is no package named x. Check the spelling.",
    "",
  ]);
});

test("whoever breaks it off cancels the deploy", async () => {
  const stream = Promise.withResolvers<ReadableStreamDefaultController>();
  using runner = fakeRunner({
    "POST /deploy": () =>
      new Response(new ReadableStream({ start: (controller) => stream.resolve(controller) }), {
        headers: { "content-type": "text/event-stream", "content-location": "/agents/hello/deployments/7" },
      }),
    "DELETE /agents/hello/deployments/7": async () => {
      const body = { error: "Deployment 7 of agent hello was cancelled.", code: "DEPLOY_CONFLICT" };
      const text = `event: error\ndata: ${JSON.stringify(body)}\n\n`;
      (await stream.promise).enqueue(new TextEncoder().encode(text));
      return Response.json({});
    },
  });
  await using tree = await temporaryTree(FILES);
  const breakOff = Promise.withResolvers<() => Promise<void>>();
  const running = runInProcess(
    ["deploy"],
    { OKEN_URL: runner.url },
    { directory: tree.path, onInterrupt: breakOff.resolve },
  );
  (await stream.promise).enqueue(new TextEncoder().encode('event: phase\ndata: {"phase":"received"}\n\n'));
  const work = await breakOff.promise;
  await eventually(async () => {
    await work();
    expect(runner.asked.map(({ method }) => method)).toContain("DELETE");
  });
  const { status, err } = await running;
  expect(status).toBe(1);
  expect(err).toContain("Cancelling the deploy. A version that serves goes on.\n");
  expect(err).toEndWith("oken-runner: Deployment 7 of agent hello was cancelled.\n");
});

test("a stream that ends without a result is told", async () => {
  const { status, err } = await deploy([], () => eventsAnswer(EVENTS.slice(0, 2)));
  expect(status).toBe(3);
  expect(err).toContain("no answer from http://");
});

test("an answer before the upload's end is told", async () => {
  const { status, err } = await deploy([], () =>
    errorAnswer(413, "ARCHIVE_TOO_LARGE", "the tarball is too large"),
  );
  expect(status).toBe(1);
  expect(err).toContain(
    "oken-runner: the tarball is too large.\nThe largest files: oken.toml (30 bytes), main.py",
  );
});

test("secrets come from the line, the environment, a file and the terminal", async () => {
  const { form, err } = await deploy(
    ["--secret", "A=1=2", "--secret", "B", "-s", "C", "--env-file", ".env", "--replace-secrets"],
    () => eventsAnswer(EVENTS),
    {
      files: { ...FILES, ".env": '# a comment\nA=from-file\nD="two\nlines"\n' },
      environment: { B: "from-environment" },
      input: { isTerminal: true, secret: (question) => Promise.resolve(`answer to ${question}`) },
    },
  );
  expect(JSON.parse(form("secrets") ?? "")).toEqual({
    A: "1=2",
    B: "from-environment",
    C: "answer to Value of C",
    D: "two\nlines",
  });
  expect(form("keep_secrets")).toBeUndefined();
  expect(err).toContain("2 files");
});

test.each<[string[], Files, number, string]>([
  [["--secret", "MISSING"], FILES, 2, "MISSING has no value"],
  [["--env-file", "nowhere"], FILES, 5, "there is no file"],
  [["--id", "a b"], FILES, 2, '"a b" is no id of an agent'],
  [["nowhere"], FILES, 5, "there is no directory"],
  [["main.py"], FILES, 2, "main.py is a file.\nDid you mean: oken-runner deploy\n"],
  [[], { "main.py": "" }, 5, "there is no oken.toml"],
  [[], { "oken.toml": 'name = "x"\nslug = [' }, 1, "oken.toml line 2, column 8 is not valid TOML: "],
])("%j is refused before anything is sent", async (args, files, expected, sentence) => {
  const { status, err, asked } = await deploy(args, () => eventsAnswer(EVENTS), { files });
  expect({ status, asked }).toEqual({ status: expected, asked: [] });
  expect(err).toContain(sentence);
});

test("without an oken.toml those near are named: below, else above", async () => {
  const files = { "my agent/oken.toml": "", "my agent/a/b/main.py": "", "shop/oken.toml": "" };
  const { err } = await deploy([], () => eventsAnswer(EVENTS), { files });
  expect(err).toEndWith('Did you mean: oken-runner deploy "my agent", or oken-runner deploy shop\n');
  const within = await deploy(["my agent/a/b"], () => eventsAnswer(EVENTS), { files });
  expect(within).toMatchObject({ status: 5, asked: [] });
  expect(within.err).toEndWith('Did you mean: oken-runner deploy "my agent"\n');
});

test("the id is --id, else slug, else the directory's name", async () => {
  expect(await idWith(["My Agent", "--id", "given"], 'slug = "s"')).toBe("given");
  expect(await idWith(["My Agent"], '[agent]\nslug = "in-table"')).toBe("in-table");
  expect(await idWith(["My Agent"], 'name = "Name"')).toBe("my-agent");
});

test.each(TEMPLATE_NAMES.map((name) => [name]))(
  "what comes after a deploy of the template %s is the call that init has named",
  async (template) => {
    await using home = await temporaryTree();
    const { path: directory } = home;
    const { err } = await runInProcess(["init", "hello", "-t", template], {}, { directory });
    const named = /Then: (.*)\n/.exec(err)?.[1];
    expect(named).toStartWith("oken-runner invoke hello ");
    using runner = fakeRunner({ "POST /deploy": () => eventsAnswer(EVENTS) });
    const deployed = await runInProcess(["deploy", "hello"], { OKEN_URL: runner.url }, { directory });
    expect(deployed.err).toContain(`Next: ${named}\n`);
  },
);

test("a web application of the author's own is called at its root", async () => {
  const result = ["result", { ...DEPLOYED, entrypoint_type: "http" }] as const;
  const { err } = await deploy([], () => eventsAnswer([result]));
  expect(err).toContain("Next: oken-runner invoke hello --path /\n");
});

test("the next command goes to the same runner", async () => {
  using runner = fakeRunner({ "POST /deploy": () => eventsAnswer(EVENTS) });
  await using tree = await temporaryTree(FILES);
  const { err } = await runInProcess(["deploy", "--url", runner.url], {}, { directory: tree.path });
  expect(err).toContain(`--url ${runner.url}\n`);
});

async function idWith(args: string[], toml: string): Promise<string | undefined> {
  const files = { "My Agent/oken.toml": toml };
  return (await deploy(args, () => eventsAnswer(EVENTS), { files })).form("agent_id");
}
