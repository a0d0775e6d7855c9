import { UnreachableError } from "./errors.ts";

/** The lines of an answer as they come, without their ends; empty ones are passed over. */
export async function* linesOf(answer: Response, address: string): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines.filter((line) => line !== "");
    }
  } catch (error) {
    throw new UnreachableError(address, error);
  }
  if (rest !== "") yield rest;
}
