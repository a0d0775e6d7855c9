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

async function listenersOn(port: number): Promise<string[]> {
  const files = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
  const lines = await Promise.all(files.map((file) => linesOf(file, LISTEN)));
  return lines
    .flat()
    .filter(([, local, , state]) => state === LISTEN && portOf(local) === port)
    .flatMap((fields) => fields[9] ?? []);
}

async function listenersAt(path: string): Promise<string[]> {
  const lines = await linesOf("/proc/self/net/unix", ACCEPTS);
  return lines
    .filter(([, , , flags, , , , name]) => flags === ACCEPTS && name === path)
    .flatMap((fields) => fields[6] ?? []);
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

async function inodeOf(fd: string): Promise<{ fd: number; inode: string }> {
  const target = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
  return { fd: Number(fd), inode: /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "" };
}
