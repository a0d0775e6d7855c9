import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readDocuments } from "../../scripts/documents/files.ts";
import { endlessOf } from "../fixtures/documents/endless.ts";
import { GIVEN } from "../fixtures/documents/given.ts";
import { NOT_RUN } from "../fixtures/documents/not-run.ts";
import { type Block, type Shown, blocksOf } from "../helpers/document-blocks.ts";
import { ADDRESS, documentsHome, placedIn } from "../helpers/documents-home.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { type Ran, type ShellSession, openShell } from "../helpers/shell-session.ts";

/** curl's status for an answer of 400 and above. */
const CURL_SAID_NO = 22;

/** Statuses of a command that was ended with Ctrl-C: a runner ends well, others say that they were broken off. */
const ENDED = new Set([0, 130]);

/** What differs from one run to the next. */
const VOLATILE = new Set(["timings_ms", "created_at", "last_invoked"]);

const pages = (await readDocuments())
  .map(({ path, text }) => ({ page: path, blocks: blocksOf(text) }))
  .filter(({ page, blocks }) =>
    blocks.some((block) => block.commands.some((command) => isRun(page, command))),
  );

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
});

describe("each command of a page does what the page says:", () => {
  test.each(pages)("$page", async ({ page, blocks }) => {
    await using home = await documentsHome(runner);
    await using shell = openShell(home);
    const wrong: string[] = [];
    for (const block of blocks) wrong.push(...(await runBlock(block, { page, shell, root: home.cwd })));
    expect(wrong).toEqual([]);
  });
});

type Running = { page: string; shell: ShellSession; root: string };

/** What is wrong with a block of commands, run one after the other. */
async function runBlock({ commands, shown }: Block, { page, shell, root }: Running): Promise<string[]> {
  const placed = (command: string) => placedIn(root, command);
  const wrong: string[] = [];
  const note = (command: string, { status, out, err }: Ran) =>
    wrong.push(`${command}\nended with ${status}:\n${out.slice(-500)}${err.slice(-1000)}`);
  await using kept = new AsyncDisposableStack();
  let out = "";
  for (const command of commands.filter((each) => isRun(page, each))) {
    for (const { run, until } of GIVEN.filter((each) => each.page === page && each.before === command)) {
      const given = await (until === undefined
        ? shell.run(placed(run))
        : shell.start(placed(run), until).then((job) => job.end()));
      if (given.status !== 0) note(run, given);
    }
    const endless = endlessOf(page, command);
    if (endless === undefined) {
      const ran = await shell.run(placed(command));
      out += ran.out;
      if (ran.status !== (isRefusal(shown) ? CURL_SAID_NO : 0)) note(command, ran);
      continue;
    }
    const job = await shell.start(placed(command), endless.shows);
    if (endless.isKept) {
      kept.defer(async () => void (await job.end()));
    } else {
      const ran = await job.end();
      if (!ENDED.has(ran.status)) note(command, ran);
    }
  }
  if (shown === undefined || wrong.length > 0) return wrong;
  const answer = comparable(out.replaceAll(runner.url, ADDRESS).replaceAll(root, ""));
  if (Bun.deepEquals(answer, comparable(shown.text))) return [];
  return [`${commands.join("\n")}\nanswered:\n${out}\nbut the page shows:\n${shown.text}`];
}

function isRun(page: string, command: string): boolean {
  return !NOT_RUN.some((each) => each.page === page && each.command === command);
}

/** A page that shows an error says that the runner refuses. */
function isRefusal(shown: Shown | undefined): boolean {
  return shown?.language === "json" && /^ {2}"code": /m.test(shown.text);
}

/** A JSON answer without what differs from run to run; other answers as they are. */
function comparable(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => (VOLATILE.has(key) ? undefined : value));
  } catch {
    return text.trim();
  }
}
