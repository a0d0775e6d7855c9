type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "utf-32le" | "utf-32be";

/** Byte order marks. That of UTF-32 begins with that of UTF-16, so that it comes first. */
const MARKS: { mark: number[]; encoding: Encoding }[] = [
  { mark: [0xff, 0xfe, 0, 0], encoding: "utf-32le" },
  { mark: [0, 0, 0xfe, 0xff], encoding: "utf-32be" },
  { mark: [0xff, 0xfe], encoding: "utf-16le" },
  { mark: [0xfe, 0xff], encoding: "utf-16be" },
  { mark: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
];

/**
 * The text of a file in the encoding that its byte order mark names, without the mark; UTF-8 where it has none.
 * PowerShell 5 writes UTF-16 where others write UTF-8. With `fatal`, throws a TypeError for what is no such text.
 */
export function decodeText(bytes: Uint8Array, options: { fatal?: boolean } = {}): string {
  const encoding = encodingOf(bytes);
  if (encoding !== "utf-32le" && encoding !== "utf-32be")
    return new TextDecoder(encoding, options).decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const points = Array.from({ length: Math.floor(bytes.length / 4) - 1 }, (_, index) =>
    view.getUint32(4 * (index + 1), encoding === "utf-32le"),
  );
  return points.map((point) => characterOf(point, options.fatal ?? false)).join("");
}

/** By its byte order mark. */
export function encodingOf(bytes: Uint8Array): Encoding {
  const found = MARKS.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte));
  return found?.encoding ?? "utf-8";
}

function characterOf(point: number, fatal: boolean): string {
  const isCharacter = point <= 0x10_ff_ff && (point < 0xd8_00 || point > 0xdf_ff);
  if (isCharacter) return String.fromCodePoint(point);
  if (fatal) throw new TypeError("no character of Unicode");
  return "\ufffd";
}
