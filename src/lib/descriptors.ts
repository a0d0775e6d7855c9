import { FFIType, dlopen, ptr } from "bun:ffi";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname } from "node:path";

import { LIBC } from "./libc.ts";

/** `linux/socket.h`: local, message by message, and what a message may carry. */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2_000_002;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40_000_000;

/** Bytes of `struct cmsghdr`, before the descriptors. */
const CONTROL_HEADER = 16;

/** Most descriptors in one message. */
const MOST = 4;

function openLibc() {
  return dlopen(LIBC, {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    sendmsg: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i64 },
    recvmsg: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i64 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  });
}

/** A socket in the file system at which other processes of this user may leave open files. */
export type DescriptorBox = Disposable & {
  /** What was left, in its order; undefined if nothing was. */
  take(): number[] | undefined;
};

/** Makes the socket. Bun has no way to pass an open file to another process. */
export async function openDescriptorBox(path: string): Promise<DescriptorBox> {
  const libc = openLibc();
  const socket = libc.symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  const close = () => {
    libc.symbols.close(socket);
    libc.close();
  };
  const isBound = await withAddress(path, (address) => libc.symbols.bind(socket, address, address.length));
  if (isBound !== 0) {
    close();
    throw new Error(`the socket ${path} cannot be made`);
  }
  return {
    take() {
      const text = Buffer.alloc(1);
      const control = Buffer.alloc(CONTROL_HEADER + MOST * 4);
      const message = messageOf({ text, control });
      const received = libc.symbols.recvmsg(socket, message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      if (Number(received) <= 0) return undefined;
      const bytes = Number(control.readBigUInt64LE(0)) - CONTROL_HEADER;
      return Array.from({ length: bytes / 4 }, (_, index) => control.readInt32LE(CONTROL_HEADER + index * 4));
    },
    [Symbol.dispose]: close,
  };
}

/** Leaves open files at another process's box. Both have them then. False if that could not be done. */
export async function leaveDescriptors(path: string, descriptors: number[]): Promise<boolean> {
  const libc = openLibc();
  const socket = libc.symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  const bytes = descriptors.length * 4;
  const control = Buffer.alloc(CONTROL_HEADER + Math.ceil(bytes / 8) * 8);
  control.writeBigUInt64LE(BigInt(CONTROL_HEADER + bytes), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  for (const [index, fd] of descriptors.entries()) control.writeInt32LE(fd, CONTROL_HEADER + index * 4);
  const sent = await withAddress(path, (address) => {
    const message = messageOf({ text: Buffer.from("."), control, address });
    return libc.symbols.sendmsg(socket, message.header, 0);
  });
  libc.symbols.close(socket);
  libc.close();
  return Number(sent) > 0;
}

/** `struct msghdr` of 64-bit Linux. What it points to must be kept until the call is over. */
function messageOf({ text, control, address }: { text: Buffer; control: Buffer; address?: Buffer }) {
  const parts = Buffer.alloc(16);
  parts.writeBigUInt64LE(BigInt(ptr(text)), 0);
  parts.writeBigUInt64LE(BigInt(text.length), 8);
  const header = Buffer.alloc(56);
  if (address !== undefined) {
    header.writeBigUInt64LE(BigInt(ptr(address)), 0);
    header.writeUInt32LE(address.length, 8);
  }
  header.writeBigUInt64LE(BigInt(ptr(parts)), 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(ptr(control)), 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  return { header, parts, text, control, address };
}

/** Calls with a `struct sockaddr_un`, which has room for 107 bytes: the directory goes in by its descriptor. */
async function withAddress<T>(path: string, call: (address: Buffer) => T): Promise<T> {
  const directory = await open(dirname(path), constants.O_DIRECTORY);
  try {
    const short = `/proc/self/fd/${directory.fd}/${basename(path)}`;
    const address = Buffer.alloc(2 + Buffer.byteLength(short) + 1);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(short, 2);
    return call(address);
  } finally {
    await directory.close();
  }
}
