import { BUILD } from "./build.ts";

/** The name of the system's C library, which has what Bun lacks. */
export const LIBC = libcOf(process.platform, BUILD.target);

function libcOf(platform: string, target: string): string {
  if (platform === "darwin") return "libSystem.B.dylib";
  if (!target.endsWith("-musl")) return "libc.so.6";
  return `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
}
