import { type Row, TABLE_HEAD, rowText } from "./report.ts";

export type Session = {
  /** Disposed of at the end, and also after an error or Ctrl-C. */
  stack: AsyncDisposableStack;
  /** Aborts on Ctrl-C. Steps are short, so it is enough to check it between two of them. */
  signal: AbortSignal;
};

export type Measurement = (session: Session) => Promise<Row[]>;

/** Runs measurements one after another and prints their rows as one table. */
export async function runBenchmarks(measurements: Measurement[]): Promise<void> {
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => interrupt.abort(new Error(`ended by ${signal}`));
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    const rows: Row[] = [];
    for (const measure of measurements) {
      await using stack = new AsyncDisposableStack();
      rows.push(...(await measure({ stack, signal: interrupt.signal })));
    }
    process.stdout.write(`${[TABLE_HEAD, ...rows.map(rowText)].join("\n")}\n`);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    progress(`${interrupt.signal.reason}; all that was made is removed`);
    process.exitCode = 130;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

export function progress(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
