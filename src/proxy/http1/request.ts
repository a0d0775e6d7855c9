/** What is sent to an agent. */
export type OutgoingRequest = {
  method: string;
  /** Path and query, as they are to arrive. */
  target: string;
  /** Without those of the connection and of the body's framing. */
  headers: Headers;
  body: OutgoingBody;
};

/** A stream of unknown length goes in chunks. */
export type OutgoingBody =
  | { kind: "none" }
  | { kind: "bytes"; bytes: Uint8Array }
  | { kind: "stream"; stream: ReadableStream<Uint8Array>; length: number | undefined };

const CRLF = Buffer.from("\r\n");

/** Bytes up to which a copy costs less than a packet. */
const SMALL_PIECE = 16 * 1024;

/** The head, and with it the body that is known whole: one write is one packet. */
export function requestBytes(request: OutgoingRequest): Uint8Array {
  const head = headText(request);
  if (request.body.kind !== "bytes") return Buffer.from(head, "latin1");
  const { bytes } = request.body;
  const all = Buffer.allocUnsafe(head.length + bytes.length);
  all.write(head, 0, "latin1");
  all.set(bytes, head.length);
  return all;
}

/** Headers hold no line breaks, which the Headers of a request do not take; neither does a target that came in one. */
function headText({ method, target, headers, body }: OutgoingRequest): string {
  let text = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return `${text}${framingLine(body)}\r\n`;
}

function framingLine(body: OutgoingBody): string {
  if (body.kind === "none") return "";
  const length = body.kind === "bytes" ? body.bytes.length : body.length;
  return length === undefined ? "transfer-encoding: chunked\r\n" : `content-length: ${length}\r\n`;
}

/** A piece of a streamed body as it goes on the wire: a small one in one packet, a large one without a copy of it. */
export function bodyPiece({ length }: { length: number | undefined }, piece: Uint8Array): Uint8Array[] {
  if (length !== undefined || piece.length === 0) return [piece];
  const parts = [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF];
  return piece.length <= SMALL_PIECE ? [Buffer.concat(parts)] : parts;
}

/** What ends a streamed body. */
export function bodyEnd({ length }: { length: number | undefined }): Uint8Array {
  return Buffer.from(length === undefined ? "0\r\n\r\n" : "");
}
