#!/usr/bin/env python3
"""Runs the program that OKEN_TEST_BROWSER names, with these arguments, so that it cannot open netlink sockets.

Chromium listens there for changes of the machine's network interfaces, and drops every request under way at each
(net::ERR_NETWORK_CHANGED). The engine makes an interface for each container of the tests that run beside.
"""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
EAFNOSUPPORT = 97
AF_NETLINK = 16
# The number of socket(2).
SOCKET = {"x86_64": 41, "aarch64": 198}

# Offsets in struct seccomp_data of linux/seccomp.h, and operations of linux/bpf_common.h.
NUMBER, FIRST_ARGUMENT = 0, 16
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def main() -> None:
    instructions = (
        instruction(LOAD, NUMBER),
        instruction(JUMP_IF_EQUAL, SOCKET[os.uname().machine], 0, 3),
        instruction(LOAD, FIRST_ARGUMENT),
        instruction(JUMP_IF_EQUAL, AF_NETLINK, 0, 1),
        instruction(RETURN, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        instruction(RETURN, SECCOMP_RET_ALLOW),
    )
    program = Program(len(instructions), b"".join(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    prctl = libc.prctl
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "prctl")
    browser = os.environ["OKEN_TEST_BROWSER"]
    os.execv(browser, [browser, *sys.argv[1:]])


main()
