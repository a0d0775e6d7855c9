/** Files of a package as the wheel that holds them, so that a test needs no published package to be hostile. */
export function wheel(name: string, version: string, files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const info = `${name}-${version}.dist-info`;
  const all: Record<string, string> = {
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    // A test may bring its own metadata.
    ...files,
  };
  const record = [...Object.keys(all), `${info}/RECORD`].map((path) => `${path},,\n`).join("");
  return zip({ ...all, [`${info}/RECORD`]: record });
}

export function wheelName(name: string, version: string): string {
  return `${name}-${version}-py3-none-any.whl`;
}

/** A source archive with a `setup.py`. */
export function sdist(
  name: string,
  version: string,
  files: Record<string, string>,
): Promise<Uint8Array<ArrayBuffer>> {
  const root = `${name}-${version}`;
  const entries = Object.entries({
    "PKG-INFO": `Metadata-Version: 1.0\nName: ${name}\nVersion: ${version}\n`,
    ...files,
  }).map(([path, text]) => [`${root}/${path}`, text] as const);
  return new Bun.Archive(Object.fromEntries(entries), { compress: "gzip" }).bytes();
}

/** A zip archive of stored entries: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3 */
function zip(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(Bun.hash.crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const entry = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, name, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(0o644 * 0x10000, 6);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, tail, name]));
    local.push(entry);
    offset += entry.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return new Uint8Array(Buffer.concat([...local, directory, Buffer.from("PK\x05\x06", "latin1"), end]));
}
