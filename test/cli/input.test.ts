import { expect, test } from "bun:test";
import { PassThrough } from "node:stream";

import { createInput } from "../../src/cli/input.ts";

/** A terminal of which a person types. */
function terminal() {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  // oxlint-disable typescript/no-unsafe-type-assertion -- what a question takes of them
  const input = createInput(
    stdin as unknown as Parameters<typeof createInput>[0],
    stdout as unknown as Parameters<typeof createInput>[1],
  );
  // oxlint-enable typescript/no-unsafe-type-assertion
  return { stdin, stdout, input };
}

test.each(["secret", "confirm"] as const)("Ctrl-C at a question (%s) ends as Ctrl-C does", async (kind) => {
  const { stdin, stdout, input } = terminal();
  const asked = input[kind]("Sure?");
  const shown = Promise.withResolvers<void>();
  stdout.once("data", () => shown.resolve());
  await shown.promise;
  stdin.write("\u0003");
  await expect(asked).rejects.toMatchObject({ message: "nothing was done.", exitCode: 130 });
});
