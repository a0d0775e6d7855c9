import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Standard output or standard error, as commands see it. */
export type Output = {
  isTerminal: boolean;
  hasColor: boolean;
  columns: number;
  /** For libraries that write by themselves. */
  stream: NodeJS.WritableStream;
  write: (text: string | Uint8Array) => void;
  /** A text with its line break. */
  line: (text?: string) => void;
  /** Sentences: on a terminal broken between words, so that a narrow one can be read. */
  prose: (text: string) => void;
  /** The text in that style, or as it is where no colour is wanted. */
  paint: (style: Style, text: string) => string;
};

/** Columns of a terminal that does not tell, and of what is no terminal. */
const DEFAULT_COLUMNS = 80;

type Target = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

export function createOutput(target: Target, environment: Record<string, string | undefined>): Output {
  const isTerminal = target.isTTY === true;
  const hasColor = wantsColor(environment, isTerminal);
  const write = (text: string | Uint8Array) => void target.write(text);
  const columns = () => target.columns ?? DEFAULT_COLUMNS;
  return {
    isTerminal,
    hasColor,
    get columns() {
      return columns();
    },
    stream: target,
    write,
    prose: (text) => write(`${isTerminal ? Bun.wrapAnsi(text, columns(), { hard: false }) : text}\n`),
    line: (text = "") => write(`${text}\n`),
    paint: (style, text) => (hasColor ? styleText(style, text, { validateStream: false }) : text),
  };
}

/** https://no-color.org and https://force-color.org: any value but an empty one. */
function wantsColor(environment: Record<string, string | undefined>, isTerminal: boolean): boolean {
  const isSet = (name: string) => (environment[name] ?? "") !== "";
  if (isSet("NO_COLOR")) return false;
  return isSet("FORCE_COLOR") || (isTerminal && environment["TERM"] !== "dumb");
}
