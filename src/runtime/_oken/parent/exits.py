"""How a process ended, in words."""

from __future__ import annotations

import os
import signal


def is_kernel_kill(status: int) -> bool:
    """True for SIGKILL: the kernel sends it when the memory limit is reached, unless we sent it ourselves."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def describe_exit(status: int, killed_for: str) -> str:
    """`exited with code 3`, `was killed by SIGSEGV`: the end of a sentence about a process."""
    if killed_for:
        return f"was ended ({killed_for})"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        if number == signal.SIGKILL:
            return "was killed by SIGKILL, as the kernel does when the memory limit is reached,"
        return f"was killed by {name}"
    return f"exited with code {os.WEXITSTATUS(status)}"
