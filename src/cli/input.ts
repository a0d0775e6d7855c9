import type { ReadStream } from "node:tty";

import { EXIT } from "./exit-codes.ts";
import { Failure } from "./failure.ts";

/** What people and programs tell a command. */
export type Input = {
  isTerminal: boolean;
  /** All of standard input. */
  text: () => Promise<string>;
  /** Asks for a value that nobody should see. */
  secret: (question: string) => Promise<string>;
  /** Asks whether to go on. */
  confirm: (question: string) => Promise<boolean>;
};

/** Questions go to standard error: standard output may be read by a program. */
export function createInput(stdin: ReadStream, output: NodeJS.WriteStream): Input {
  const options = { input: stdin, output, withGuide: false };
  return {
    isTerminal: stdin.isTTY && output.isTTY,
    text: () => Bun.stdin.text(),
    async secret(message) {
      const { isCancel, password } = await import("@clack/prompts");
      const answer = await password({ message, ...options });
      if (isCancel(answer)) throw brokenOff();
      return answer;
    },
    async confirm(message) {
      const { confirm, isCancel } = await import("@clack/prompts");
      const answer = await confirm({ message, initialValue: false, ...options });
      if (isCancel(answer)) throw brokenOff();
      return answer;
    },
  };
}

function brokenOff(): Failure {
  return new Failure("nothing was done.", { exitCode: EXIT.interrupted });
}
