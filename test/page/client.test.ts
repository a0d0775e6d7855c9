import { describe, expect, test } from "bun:test";

import { filesToSend } from "../../src/page/browser/lib/chosen-files.ts";
import { bytes, duration, errorShare, milliseconds, rate } from "../../src/page/browser/lib/format.ts";
import { routeOf } from "../../src/page/browser/lib/routes.ts";
import { secretsOf } from "../../src/page/browser/lib/secrets.ts";
import { areaPath, linePath } from "../../src/page/browser/lib/sparkline.ts";

describe("numbers", () => {
  test("are written in the unit that reads best", () => {
    expect([0, 900, 20_447_232, 8e11].map(bytes)).toEqual(["0 B", "900 B", "19.5 MiB", "745 GiB"]);
    expect([0, 0.94, 14.2, 1_500, 200_000].map(milliseconds)).toEqual([
      ...["0 ms", "0.9 ms", "14 ms", "1.5 s", "3 min"],
    ]);
    expect([0, 59_400, 3_599_000, 90_000_000].map(duration)).toEqual(["0 s", "59 s", "59 min", "1 d"]);
    expect([0, 0.02, 12.7].map(rate)).toEqual(["0", "0.02", "13"]);
    expect([bytes(null), milliseconds(undefined)]).toEqual(["–", "–"]);
  });

  test("of errors are a share of the calls", () => {
    const shares = [
      { requests: 0, errors: 0 },
      { requests: 10, errors: 0 },
      { requests: 1_000, errors: 7 },
      { requests: 4, errors: 2 },
    ].map(errorShare);
    expect(shares).toEqual(["–", "0 %", "0.7 %", "50 %"]);
  });
});

test("an address leads to a view, and one that leads nowhere to the list", () => {
  expect(["", "#/host", "#/agents/echo/logs", "#/agents/-_E", "#/nothing", "#/agents/"].map(routeOf)).toEqual(
    [
      { view: "agents" },
      { view: "host" },
      { view: "agent", id: "echo", tab: "logs" },
      { view: "agent", id: "-_E", tab: "overview" },
      { view: "agents" },
      { view: "agents" },
    ],
  );
});

test("a small chart reaches its top with the highest value and closes along the bottom", () => {
  const box = { width: 10, height: 4 };
  expect(linePath([0, 2, 1], box)).toBe("M0 4L5 0L10 2");
  expect(areaPath([0, 2, 1], box)).toBe("M0 4L5 0L10 2L10 4L0 4Z");
  expect(linePath([0, 0], box)).toBe("M0 4L10 4");
});

describe("secrets", () => {
  test("are lines of NAME=value", () => {
    const text = 'API_KEY=a=b\n# none\n\nexport QUOTED="with space"\nEMPTY=\n';
    expect(secretsOf(text)).toEqual({ API_KEY: "a=b", QUOTED: "with space", EMPTY: "" });
  });

  test("that are no such lines are told by their number, without their content", () => {
    expect(() => secretsOf("A=1\nsecret word")).toThrow("Line 2 of the secrets is not NAME=value.");
  });
});

test("of a folder is sent what its ignore files do not name, without its own name and without what nobody sends", async () => {
  const contents: Record<string, string> = {
    "bot/main.py": "",
    "bot/.gitignore": "data/\n*.log\n",
    "bot/.okenignore": "notes.md\n",
    "bot/data/x.bin": "",
    "bot/sub/run.log": "",
    "bot/notes.md": "",
    "bot/.env": "SECRET=1",
    "bot/.git/config": "",
    "bot/sub/__pycache__/a.pyc": "",
    "bot/oken.toml": "",
  };
  const chosen = Object.entries(contents).map(([path, content]) => ({ path, content }));
  const sent = await filesToSend(chosen, (content) => Promise.resolve(content));
  expect(sent.map(({ path }) => path)).toEqual([".gitignore", ".okenignore", "main.py", "oken.toml"]);
});
