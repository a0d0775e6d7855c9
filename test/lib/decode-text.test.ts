import { expect, test } from "bun:test";

import { decodeText } from "../../src/lib/decode-text.ts";

const TEXT = "# für 𝒳\r\nsix==1.16\n";

const utf16 = (text: string) => Buffer.from(text, "utf16le");
const utf32 = (text: string) => {
  const characters = Array.from(text);
  const bytes = Buffer.alloc(4 * characters.length);
  characters.forEach((character, index) => bytes.writeUInt32LE(character.codePointAt(0) ?? 0, 4 * index));
  return bytes;
};

test.each<[encoding: string, bytes: Uint8Array, text: string]>([
  ["UTF-8", Buffer.from(TEXT), TEXT],
  ["UTF-8 with its mark", Buffer.from(`\ufeff${TEXT}`), TEXT],
  ["UTF-16, as PowerShell writes it", utf16(`\ufeff${TEXT}`), TEXT],
  ["UTF-16 of the other order", utf16(`\ufeff${TEXT}`).swap16(), TEXT],
  ["UTF-32", utf32(`\ufeff${TEXT}`), TEXT],
  ["UTF-32 of the other order", utf32(`\ufeff${TEXT}`).swap32(), TEXT],
  ["a mark alone", Buffer.from([0xff, 0xfe]), ""],
  ["no byte", Buffer.alloc(0), ""],
  ["a mark in the middle", Buffer.from("a\ufeffb"), "a\ufeffb"],
  ["bytes that are none", Buffer.from([0x61, 0xff]), "a\ufffd"],
])("text is read in %s", (_, bytes, text) => {
  expect(decodeText(bytes)).toBe(text);
});

test.each([
  ["UTF-8", [0x61, 0xff]],
  ["UTF-16", [0xff, 0xfe, 0x61]],
  ["UTF-32", [0xff, 0xfe, 0, 0, 0, 0, 0x11, 0]],
])("bytes that are no %s are an error where that is asked for", (_, bytes) => {
  expect(() => decodeText(Uint8Array.from(bytes), { fatal: true })).toThrow(TypeError);
});
