import { describe, expect, test } from "bun:test";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seccompPath } from "../../../src/docker/seccomp/file.ts";
import { seccompProfile } from "../../../src/docker/seccomp/profile.ts";

/** What each has been an exploit of, or looks into other processes, or needs rights that no agent has. */
const REFUSED =
  `acct add_key bpf chroot clone3 delete_module fanotify_init fsmount fsopen init_module io_setup
  io_submit io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind memfd_secret
  migrate_pages modify_ldt mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at
  open_tree perf_event_open pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace quotactl
  reboot request_key setdomainname sethostname setns settimeofday swapoff swapon sync
  syncfs syslog umount2 unshare uselib
  userfaultfd vhangup vm86`.split(/\s+/);

const { syscalls } = seccompProfile();

/** The arguments that a call is allowed with; undefined stands for any. */
function allowed(name: string) {
  const rules = syscalls.filter(({ names, action }) => action === "SCMP_ACT_ALLOW" && names.includes(name));
  return rules.map(({ args }) => args);
}

/** Whether the kernel lets a call through, by the rules of the profile. */
function lets(name: string, ...values: number[]): boolean {
  return allowed(name).some(
    (args) =>
      args === undefined ||
      args.every(({ index, value, valueTwo, op }) => {
        const given = BigInt(values[index] ?? 0);
        return op === "SCMP_CMP_EQ"
          ? given === BigInt(value)
          : (given & BigInt(value)) === BigInt(valueTwo ?? 0);
      }),
  );
}

describe("the profile", () => {
  test("refuses what it does not name", () => {
    expect(seccompProfile()).toMatchObject({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1 });
  });

  test.each(REFUSED)("does not name %s", (name) => expect(allowed(name)).toEqual([]));

  test("names each call once, so that no rule undoes another", () => {
    const free = syscalls.filter(({ args }) => args === undefined).flatMap(({ names }) => names);
    expect(free.toSorted()).toEqual([...new Set(free)].toSorted());
    const bound = syscalls.filter(({ args }) => args !== undefined).flatMap(({ names }) => names);
    expect(bound.filter((name) => free.includes(name))).toEqual([]);
  });

  test.each([
    ["a unix socket", [1, 1, 0], true],
    ["TCP", [2, 1, 0], true],
    ["TCP by its number, closed on exec", [10, 0x80001, 6], true],
    ["UDP", [10, 2, 17], true],
    ["a ping", [2, 2, 1], true],
    ["the routes", [16, 3, 0], true],
    ["a raw socket", [2, 3, 1], false],
    ["SCTP", [2, 1, 132], false],
    ["DCCP", [2, 6, 0], false],
    ["connections of the host by netlink", [16, 3, 4], false],
    ["packets", [17, 3, 0], false],
    ["TIPC", [30, 5, 0], false],
    ["CAN", [29, 3, 1], false],
    ["RDS", [21, 5, 0], false],
    ["the kernel's cryptography", [38, 5, 0], false],
    ["it, in the bits that the kernel looks at", [2 ** 32 + 38, 5, 0], false],
    ["the host of a virtual machine", [40, 1, 0], false],
  ])("of sockets: %s", (_, args, expected) => expect(lets("socket", ...args)).toBe(expected));

  test.each([
    ["a process", 17, true],
    ["a thread", 0x3d_0f00, true],
    ["a user namespace", 0x1000_0011, false],
    ["a mount namespace", 0x0002_0011, false],
    ["a network namespace", 0x4000_0011, false],
  ])("of clone: %s", (_, flags, expected) => expect(lets("clone", flags)).toBe(expected));

  test.each<[string, string, number[], boolean]>([
    ["anonymous memory", "mmap", [0, 4096, 3, 0x22], true],
    ["huge pages of the host's pool", "mmap", [0, 2 ** 21, 3, 0x4_0022], false],
    ["a file in memory", "memfd_create", [0, 3], true],
    ["one of huge pages", "memfd_create", [0, 4], false],
    ["shared memory", "shmget", [0, 4096, 0o1600], true],
    ["some of huge pages", "shmget", [0, 2 ** 21, 0o5600], false],
    ["a terminal's size", "ioctl", [0, 0x5413], true],
    ["whether something can be read", "ioctl", [0, 0x541b], true],
    ["a flag in a high bit", "ioctl", [0, 0x8004_5430], true],
    ["a line discipline", "ioctl", [0, 0x5423], false],
    ["it, in the bits that the kernel looks at", "ioctl", [0, 2 ** 32 + 0x5423], false],
    ["the reuse of an address", "setsockopt", [3, 1, 2], true],
    ["the last option of sockets", "setsockopt", [3, 1, 83], true],
    ["an option beside those that are refused", "setsockopt", [3, 1, 27], true],
    ["no delay of TCP", "setsockopt", [3, 6, 1], true],
    ["its user timeout", "setsockopt", [3, 6, 18], true],
    ["an option of IPv6", "setsockopt", [3, 41, 26], true],
    ["a program for packets", "setsockopt", [3, 1, 26], false],
    ["it, in the bits that the kernel looks at", "setsockopt", [3, 2 ** 32 + 1, 2 ** 32 + 26], false],
    ["a program of eBPF", "setsockopt", [3, 1, 50], false],
    ["one that shares a port's connections out", "setsockopt", [3, 1, 51], false],
    ["TLS in the kernel", "setsockopt", [3, 6, 31], false],
  ])("of what a call asks for: %s", (_, name, args, expected) => expect(lets(name, ...args)).toBe(expected));

  test("lets a process set its own limits and read those of others", () => {
    expect(lets("prlimit64", 0, 7, 0xbeef)).toBe(true);
    expect(lets("prlimit64", 1, 7, 0)).toBe(true);
    expect(lets("prlimit64", 1, 7, 0xbeef)).toBe(false);
  });
});

test("the file of the profile replaces that of an earlier runner; the operator's is used as it is", async () => {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  await writeFile(join(directory, "seccomp-0123.json"), "{}");
  const path = await seccompPath("runner", directory);
  expect(JSON.parse(await readFile(path ?? "", "utf8"))).toEqual(
    JSON.parse(JSON.stringify(seccompProfile())),
  );
  expect((await readdir(directory)).map((name) => join(directory, name))).toEqual([path ?? ""]);
  expect(await seccompPath({ file: "/own.json" }, directory)).toBe("/own.json");
  expect(await seccompPath("engine", directory)).toBeUndefined();
  await rm(directory, { recursive: true });
});
