import type { Output } from "./output.ts";

const GAP = "  ";

/** Rows below their heads, columns as wide as what is in them. The last one is cut where the terminal ends. */
export function table(out: Output, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(Bun.stringWidth(name), ...rows.map((row) => Bun.stringWidth(row[column] ?? ""))),
  );
  const line = (cells: readonly string[]) =>
    fit(out, cells.map((cell, i) => pad(cell, widths[i] ?? 0)).join(GAP));
  return [out.paint("dim", line(head)), ...rows.map(line)].map((text) => `${text}\n`).join("");
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}

/** A file or a pipe has no end of the line. */
function fit(out: Output, text: string): string {
  const trimmed = text.trimEnd();
  return out.isTerminal ? Bun.sliceAnsi(trimmed, 0, out.columns, { ellipsis: "…" }) : trimmed;
}
