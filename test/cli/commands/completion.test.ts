import { expect, test } from "bun:test";

import { runInProcess } from "../../helpers/cli.ts";
import { fakeRunner } from "../../helpers/fake-runner.ts";

async function complete(...words: string[]): Promise<string[]> {
  const agents = ["hello", "help-desk"].map((agent_id) => ({ agent_id }));
  using runner = fakeRunner({ "GET /agents": () => Response.json({ agents }) });
  const { out } = await runInProcess(["complete", "--", ...words], { OKEN_URL: runner.url });
  return out.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
}

test.each([
  [["lo"], ["logs", "login", "logout"]],
  [
    ["logs", ""],
    ["hello", "help-desk"],
  ],
  [["logs", "hello", ""], []],
  [
    ["logs", "-f", "hel"],
    ["hello", "help-desk"],
  ],
  [["logs", "--tail", ""], []],
  [["logs", "--since", "1h", "hell"], ["hello"]],
  [["logs", "--re"], ["--request"]],
  [
    ["secrets", ""],
    ["set", "unset", "list"],
  ],
  [["secrets", "unset", "hello"], ["hello"]],
  [["init", "--template", "f"], ["fastapi"]],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [["deploy", ""], []],
  [["serve", "--data"], ["--data-dir"]],
])("after %j may come %j", async (words, expected) => {
  expect(await complete(...words)).toEqual(expected);
});

test("without words every command, but not the one that shells call", async () => {
  const commands = await complete("");
  expect(commands).toContain("deploy");
  expect(commands).not.toContain("complete");
});

test("each comes with what it means, and without a runner there are no agents", async () => {
  const environment = { OKEN_URL: "unix:/nowhere" };
  expect(await runInProcess(["complete", "--", "rollb"], environment)).toMatchObject({
    status: 0,
    out: "rollback\tserve an earlier version again\n",
  });
  expect(await runInProcess(["complete", "--", "logs", ""], environment)).toMatchObject({
    status: 0,
    out: "",
  });
});

test("bash completes a line with its script, and runs nothing of it", async () => {
  const { out: script } = await runInProcess(["completion", "bash"]);
  const program = `
    oken-runner() { printf '%s\\t\\n' "said:$*"; }
    ${script}
    COMP_WORDS=(oken-runner logs '$(touch /nowhere)' ''); COMP_CWORD=3
    _oken_runner; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const shell = Bun.spawn(["bash", "-euc", program], { stdout: "pipe" });
  expect(await shell.stdout.text()).toBe("said:complete -- logs $(touch /nowhere) \n");
});
