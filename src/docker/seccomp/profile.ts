import { ALLOWED_SYSCALLS } from "./syscalls.ts";

/** Numbers of Linux, the same on all its architectures. */
const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 };
const IP = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58 };
const SOCK = { STREAM: 1, DGRAM: 2 };
/** What of a socket's type is no flag. */
const SOCK_TYPE_MASK = 0xf;
const NETLINK_ROUTE = 0;
/** Every namespace that a process can be born into. */
const CLONE_NEW = 0x7e02_0000;
/** Personalities of Linux, with and without a fixed layout of the address space, and the question which it is. */
const PERSONALITIES = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/** Asks for memory of a pool that all of the host shares, and no control group counts: of `mmap`, `memfd_create`, `shmget`. */
const HUGE_PAGES = { MAP: 0x4_0000, MFD: 0x4, SHM: 0o4000 };
/** Of `ioctl`: another line discipline for a terminal, whose module the kernel then loads. */
const TIOCSETD = 0x5423;
/**
 * Of `setsockopt`: programs for the kernel, which compiles them in memory that all users share, and where there is no more
 * no container starts; and a protocol above TCP in the kernel.
 */
const SOCKET_OPTIONS = { SOCKET: { level: 1, refused: [26, 50, 51, 52] }, TCP: { level: 6, refused: [31] } };
/** The highest bit of an `int`, which is all that the kernel looks at. */
const INT_TOP = 31;
const WHOLE_INT = 0xffff_ffff;

const EPERM = 1;
const ENOSYS = 38;

type Argument = { index: number; value: number; valueTwo?: number; op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ" };
type Rule = {
  names: string[];
  action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  errnoRet?: number;
  args?: Argument[];
};

export type SeccompProfile = { defaultAction: "SCMP_ACT_ERRNO"; defaultErrnoRet: number; syscalls: Rule[] };

/**
 * The system calls that the kernel refuses to agents. Only what is named is allowed, since the kernel looks at fewer bits
 * of an argument than a comparison does: a value that is refused by name has others that mean the same. Without a list of
 * architectures the 32-bit calls of the same machine are refused as well.
 */
export function seccompProfile(): SeccompProfile {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    syscalls: [
      allow([...ALLOWED_SYSCALLS]),
      allow(["clone"], [{ index: 0, value: CLONE_NEW, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]),
      // Its arguments are in memory, where nobody can look at them. The C libraries then use `clone`.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      // One's own limits, or only to read: those of another process of the same user could be set too.
      allow(["prlimit64"], [equals(0, 0)]),
      allow(["prlimit64"], [equals(2, 0)]),
      ...PERSONALITIES.map((value) => allow(["personality"], [equals(0, value)])),
      allow(["mmap"], [lacks(3, HUGE_PAGES.MAP)]),
      allow(["memfd_create"], [lacks(1, HUGE_PAGES.MFD)]),
      allow(["shmget"], [lacks(2, HUGE_PAGES.SHM)]),
      ...anyIntBut(1, [TIOCSETD]).map((argument) => allow(["ioctl"], [argument])),
      ...socketOptions().map((args) => allow(["setsockopt"], args)),
      ...sockets().map((args) => allow(["socket"], args)),
      allow(["socketpair"], [equals(0, AF.UNIX)]),
    ],
  };
}

/** TCP, UDP, ping, sockets of the file system, and what lists the addresses of the machine. */
function sockets(): Argument[][] {
  const streams = [0, IP.TCP].map((protocol) => ({ type: SOCK.STREAM, protocol }));
  const datagrams = (icmp: number) => [0, IP.UDP, icmp].map((protocol) => ({ type: SOCK.DGRAM, protocol }));
  const internet = [
    { family: AF.INET, kinds: [...streams, ...datagrams(IP.ICMP)] },
    { family: AF.INET6, kinds: [...streams, ...datagrams(IP.ICMPV6)] },
  ];
  return [
    [equals(0, AF.UNIX)],
    [equals(0, AF.NETLINK), equals(2, NETLINK_ROUTE)],
    ...internet.flatMap(({ family, kinds }) =>
      kinds.map(({ type, protocol }) => [equals(0, family), typeIs(type), equals(2, protocol)]),
    ),
  ];
}

function allow(names: string[], args?: Argument[]): Rule {
  return { names, action: "SCMP_ACT_ALLOW", ...(args === undefined ? {} : { args }) };
}

function equals(index: number, value: number): Argument {
  return { index, value, op: "SCMP_CMP_EQ" };
}

function lacks(index: number, flag: number): Argument {
  return { index, value: flag, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" };
}

/** Each holds for some values, and one of them for any but these. A plain comparison looks at bits that the kernel does not. */
function anyIntBut(index: number, values: number[]): Argument[] {
  const without = (mask: number, value: number, place: number): Argument[] => {
    const isMet = values.some((refused) => (refused & mask) >>> 0 === value);
    if (!isMet) return [{ index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" }];
    if (place < 0) return [];
    const bit = 2 ** place;
    return [value, value + bit].flatMap((longer) => without(mask + bit, longer, place - 1));
  };
  return without(0, 0, INT_TOP);
}

function socketOptions(): Argument[][] {
  const levels = Object.values(SOCKET_OPTIONS);
  const others = anyIntBut(
    1,
    levels.map(({ level }) => level),
  );
  return [
    ...others.map((argument) => [argument]),
    ...levels.flatMap(({ level, refused }) =>
      anyIntBut(2, refused).map((argument) => [
        { index: 1, value: WHOLE_INT, valueTwo: level, op: "SCMP_CMP_MASKED_EQ" as const },
        argument,
      ]),
    ),
  ];
}

function typeIs(type: number): Argument {
  return { index: 1, value: SOCK_TYPE_MASK, valueTwo: type, op: "SCMP_CMP_MASKED_EQ" };
}
