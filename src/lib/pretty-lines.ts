import { prettyFactory } from "pino-pretty";

/** What the line of a request says in its sentence, or says to programs only. */
const IN_THE_SENTENCE = "request_id,method,path,status,ms";

/** The end of the line of a request. */
const REQUEST = '"msg":"request"}\n';

/** Lines for reading: a request is one, and what else happens shows each field below it. */
export class PrettyLines {
  readonly #target: { write(text: string): unknown };
  readonly #request: (line: string) => string;
  readonly #other: (line: string) => string;

  constructor(target: { write(text: string): unknown }, colorize: boolean) {
    this.#target = target;
    const options = { colorize, messageKey: "msg", translateTime: "SYS:HH:MM:ss.l" };
    this.#other = prettyFactory({ ...options, ignore: "request_id" });
    this.#request = prettyFactory({
      ...options,
      ignore: IN_THE_SENTENCE,
      singleLine: true,
      messageFormat: ({ method, path, status, ms }) =>
        `${String(method)} ${String(path)} ${String(status)} in ${String(ms)} ms`,
    });
  }

  write(line: string): void {
    this.#target.write((line.endsWith(REQUEST) ? this.#request : this.#other)(line));
  }
}
