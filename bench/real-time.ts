import { FFIType, dlopen, ptr } from "bun:ffi";

import { LIBC } from "../src/lib/libc.ts";

/** `linux/sched.h`: round robin, before all processes that are not of real time, at the lowest of its priorities. */
const SCHED_RR = 2;
const LOWEST = 1;

/** Has this thread wait for no other program's turn on a CPU. False without the right to it. */
export function becomeRealTime(): boolean {
  const libc = dlopen(LIBC, {
    sched_setscheduler: { args: [FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  });
  const itself = 0;
  const done = libc.symbols.sched_setscheduler(itself, SCHED_RR, ptr(new Int32Array([LOWEST]))) === 0;
  libc.close();
  return done;
}
