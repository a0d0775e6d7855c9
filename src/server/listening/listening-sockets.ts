import { readFile, readdir, readlink } from "node:fs/promises";

/** The state of a TCP socket that listens, in `/proc/net/tcp`, and the flag of another one, in `/proc/net/unix`. */
const LISTEN = "0A";
const ACCEPTS = "00010000";

/** This process's descriptors of the sockets that listen at a port or a path. Without `/proc` it finds none. */
export async function listeningAt(at: { port: number } | { path: string }): Promise<number[]> {
  const inodes = new Set("port" in at ? await listenersOn(at.port) : await listenersAt(at.path));
  const names = await readdir("/proc/self/fd").catch(() => []);
  const sockets = await Promise.all(names.map(inodeOf));
  return sockets.filter(({ inode }) => inodes.has(inode)).map(({ fd }) => fd);
}

/** Where a socket of this process listens; undefined if it does not. */
export async function placeOfSocket(
  fd: number,
): Promise<{ host: string; port: number } | { path: string } | undefined> {
  const { inode } = await inodeOf(String(fd));
  const local = (await inetListeners()).find((fields) => fields[9] === inode)?.[1];
  if (local !== undefined) return { host: hostOf(local), port: portOf(local) };
  const path = (await unixListeners()).find((fields) => fields[6] === inode)?.[7];
  return path === undefined ? undefined : { path };
}

async function listenersOn(port: number): Promise<string[]> {
  const found = (await inetListeners()).filter(([, local]) => portOf(local) === port);
  return found.flatMap((fields) => fields[9] ?? []);
}

async function listenersAt(path: string): Promise<string[]> {
  const found = (await unixListeners()).filter((fields) => fields[7] === path);
  return found.flatMap((fields) => fields[6] ?? []);
}

async function inetListeners(): Promise<string[][]> {
  const files = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
  const lines = await Promise.all(files.map((file) => linesOf(file, LISTEN)));
  return lines.flat().filter((fields) => fields[3] === LISTEN);
}

async function unixListeners(): Promise<string[][]> {
  return (await linesOf("/proc/self/net/unix", ACCEPTS)).filter((fields) => fields[3] === ACCEPTS);
}

/** The fields of the lines that have such a word: a busy host has thousands of others, of connections. */
async function linesOf(path: string, word: string): Promise<string[][]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line.includes(` ${word} `));
  return lines.map((line) => line.trim().split(/\s+/));
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(":")[1] ?? "", 16);
}

/** An address is written as words of 32 bits in the order of this machine's bytes, all of which are little-endian. */
function hostOf(local: string): string {
  const words = local.split(":")[0]?.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => Array.from(Buffer.from(word, "hex").toReversed()));
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    Buffer.from(bytes)
      .readUInt16BE(index * 2)
      .toString(16),
  );
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

async function inodeOf(fd: string): Promise<{ fd: number; inode: string }> {
  const target = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
  return { fd: Number(fd), inode: /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "" };
}
