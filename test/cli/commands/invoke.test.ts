import { expect, test } from "bun:test";

import { runInProcess } from "../../helpers/cli.ts";
import { errorAnswer, eventsAnswer, fakeRunner } from "../../helpers/fake-runner.ts";
import { temporaryTree } from "../../helpers/tree.ts";

type Answers = Parameters<typeof fakeRunner>[0];

async function invoke(
  args: string[],
  answers: Answers,
  surroundings: Parameters<typeof runInProcess>[2] = {},
) {
  using runner = fakeRunner(answers);
  const run = await runInProcess(["invoke", ...args], { OKEN_URL: runner.url }, surroundings);
  return { ...run, asked: runner.asked };
}

const echo: Answers = {
  "POST /invoke/hello": ({ body }) => Response.json({ output: JSON.parse(body).input }),
};

test.each([
  [['{"name": "Ada"}'], '{"name":"Ada"}\n'],
  [["[1]"], "[1]\n"],
  [['"a text"'], "a text\n"],
  [[], "{}\n"],
  [["{}", "--json"], '{"output":{}}\n'],
])("hello %j prints %j", async (args, out) => {
  expect(await invoke(["hello", ...args], echo)).toMatchObject({ status: 0, out, err: "" });
});

test("an input from standard input, and from a file", async () => {
  const input = { text: () => Promise.resolve('{"from": "stdin"}') };
  expect((await invoke(["hello", "-"], echo, { input })).out).toBe('{"from":"stdin"}\n');
  await using tree = await temporaryTree({ "in.json": '{"from": "file"}' });
  const { path: directory } = tree;
  expect((await invoke(["hello", "@in.json"], echo, { directory })).out).toBe('{"from":"file"}\n');
  expect(await invoke(["hello", "@out.json"], echo, { directory })).toMatchObject({ status: 5, asked: [] });
});

test("what is no JSON is not sent", async () => {
  const { status, err, asked } = await invoke(["hello", "{name: Ada}"], echo);
  expect({ status, asked }).toEqual({ status: 2, asked: [] });
  expect(err).toContain("the input is not JSON: {name: Ada}\nQuote it as in: oken-runner invoke hello '");
});

test.each([[["-X", "PUT"]], [["-H", "A: b"]]])("%j without a --path is not sent", async (args) => {
  const { status, err, asked } = await invoke(["shop", ...args], echo);
  expect({ status, asked }).toEqual({ status: 2, asked: [] });
  expect(err).toEndWith("Name it: oken-runner invoke shop --path /\n");
});

test("an agent's failure has its traceback first and its sentence last", async () => {
  const details = { traceback: "Traceback:\n  main.py\u001B[2J" };
  const { status, out, err } = await invoke(["hello"], {
    "POST /invoke/hello": () => errorAnswer(500, "INVOKE_FAILED", "KeyError: 'name'", details),
  });
  expect({ status, out }).toEqual({ status: 1, out: "" });
  expect(err).toBe("  Traceback:\n    main.py\noken-runner: KeyError: 'name'\n");
});

test.each([
  [
    400,
    "AGENT_NOT_RUNNING",
    "Agent hello was stopped. Start it.",
    "Start it with: oken-runner start hello\n",
  ],
  [404, "INVOKE_FAILED", "Agent hello answered 404: none", "oken-runner invoke hello --path /\n"],
  [500, "INVOKE_FAILED", "Agent hello answered 500: none", "Agent hello answered 500: none\n"],
])("%d %s: the command that helps names the agent", async (status, code, error, end) => {
  const { err } = await invoke(["hello"], { "POST /invoke/hello": () => errorAnswer(status, code, error) });
  expect(err).toEndWith(end);
});

test("on a terminal the answer is laid out, and the next command named", async () => {
  const { out, err } = await invoke(["hello", '{"a": 1}'], echo, { isTerminal: true });
  expect(out).toBe('{\n  "a": 1\n}\n');
  expect(Bun.stripANSI(err)).toBe("Next: oken-runner logs hello\n");
});

const STREAM = [
  ["data", "to"],
  ["data", "gether"],
  ["data", { left: 1 }],
  ["done", { items: 3 }],
] as const;

test("--stream prints texts as they are and values as lines, --json every item as a line", async () => {
  const answers = { "POST /invoke/hello": () => eventsAnswer(STREAM) };
  const { out, asked } = await invoke(["hello", "--stream"], answers);
  expect(out).toBe('together\n{"left":1}\n');
  expect(asked[0]?.headers.get("accept")).toBe("text/event-stream");
  const json = await invoke(["hello", "--stream", "--json"], answers);
  expect(json.out).toBe('"to"\n"gether"\n{"left":1}\n');
});

test("a stream that fails ends in its error", async () => {
  const failure = ["error", { error: "ValueError: no tea", code: "INVOKE_FAILED" }] as const;
  const { status, out, err } = await invoke(["hello", "--stream"], {
    "POST /invoke/hello": () => eventsAnswer([...STREAM.slice(0, 1), failure]),
  });
  expect({ status, out }).toEqual({ status: 1, out: "to\n" });
  expect(err).toContain("oken-runner: ValueError: no tea\n");
});

test("--path sends the request itself and prints the answer itself", async () => {
  const answers: Answers = {
    "GET /invoke/shop/items": () => new Response("two items"),
    "PUT /invoke/shop/items": ({ body }) => new Response(`put ${body}`),
    "POST /invoke/shop/items": () => new Response("posted", { status: 418 }),
  };
  const got = await invoke(["shop", "--path", "/items?full=1", "-H", "X-Tea: yes"], answers);
  expect(got).toMatchObject({ status: 0, out: "two items" });
  expect(got.asked[0]).toMatchObject({ path: "/invoke/shop/items?full=1" });
  expect(got.asked[0]?.headers.get("x-tea")).toBe("yes");
  const put = await invoke(["shop", '{"a":1}', "--path", "items", "-X", "PUT"], answers);
  expect(put.out).toBe('put {"a":1}');
  expect(put.asked[0]?.headers.get("content-type")).toBe("application/json");
  const posted = await invoke(["shop", "text", "--path", "items"], answers);
  expect(posted).toMatchObject({
    status: 1,
    out: "posted",
    err: "oken-runner: POST items was answered 418.\n",
  });
  expect((await invoke(["shop", "--path", "/", "-H", "nonsense"], answers)).status).toBe(2);
});

test("with --path what the runner refuses is told as anywhere else", async () => {
  const { status, out, err } = await invoke(["shop", "--path", "/"], {
    "GET /invoke/shop/": () => errorAnswer(404, "AGENT_NOT_FOUND", 'There is no agent "shop".'),
  });
  expect({ status, out }).toEqual({ status: 5, out: "" });
  expect(err).toBe('oken-runner: There is no agent "shop".\nSee which there are: oken-runner ps\n');
  const answered = await invoke(["shop", "--path", "/"], {
    "GET /invoke/shop/": () => errorAnswer(404, "NO_SUCH_ITEM", "none"),
  });
  expect(answered).toMatchObject({ status: 1, out: expect.stringContaining("NO_SUCH_ITEM") });
});

const HOSTILE = "\u001B[2Jfine\u001B]0;title\u0007 \u009Btext\u001B[1";

test.each<[string[], () => Response, string]>([
  [["hello"], () => Response.json({ output: HOSTILE }), "fine text[1"],
  [["hello"], () => Response.json({ output: ["\u009B2J"] }), '[\n  "2J"\n]'],
  [["hello"], () => new Response(HOSTILE), "fine text[1"],
  [["hello", "--stream"], () => eventsAnswer([["data", HOSTILE]]), "fine text[1"],
  [["hello", "--path", "x", "-X", "POST"], () => new Response(HOSTILE), "fine text[1"],
])("a terminal does not obey what an agent answers: %j", async (args, answer, shown) => {
  const answers = { "POST /invoke/hello": answer, "POST /invoke/hello/x": answer };
  expect((await invoke(args, answers, { isTerminal: true })).out).toBe(`${shown}\n`);
});

test("a program gets it as it is", async () => {
  const { out } = await invoke(["hello"], { "POST /invoke/hello": () => new Response(HOSTILE) });
  expect(out).toBe(`${HOSTILE}\n`);
});
