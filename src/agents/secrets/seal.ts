import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

import { type Static, Type } from "@sinclair/typebox";

const CIPHER = "aes-256-gcm";
/** The size that GCM is made for. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Hex digits of a key's name: it tells one key of a few from another, and nothing of the key. */
const NAME_LENGTH = 16;

/** An encrypted text. The key's name tells which of several keys opens it. */
export const Sealed = Type.Object({
  schema: Type.Literal(1),
  key: Type.String(),
  nonce: Type.String(),
  /** With the tag at its end, base64. */
  data: Type.String(),
});
export type Sealed = Static<typeof Sealed>;

/** Encrypts a text. It opens only with the same `place`, so that no file can stand in for another. */
export function seal(text: string, { key, place }: { key: Buffer; place: string }): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return { schema: 1, key: keyName(key), nonce: nonce.toString("base64"), data: data.toString("base64") };
}

/** Throws if the text was changed, or sealed for another place or with another key. */
export function open(sealed: Sealed, { key, place }: { key: Buffer; place: string }): string {
  const data = Buffer.from(sealed.data, "base64");
  const decipher = createDecipheriv(CIPHER, key, Buffer.from(sealed.nonce, "base64"))
    .setAAD(Buffer.from(place))
    .setAuthTag(data.subarray(data.length - TAG_BYTES));
  const text = decipher.update(data.subarray(0, data.length - TAG_BYTES));
  return Buffer.concat([text, decipher.final()]).toString("utf8");
}

export function keyName(key: Buffer): string {
  return createHmac("sha256", key).update("name of a key of oken-runner").digest("hex").slice(0, NAME_LENGTH);
}
