"""Who listens where, and what processes use, as /proc tells it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# /proc/net/tcp, column `st`.
LISTEN = "0A"
# The other side has closed it, and this one has not.
CLOSE_WAIT = "08"


class Listener:
    """A listening TCP socket; `loopback` ones cannot be reached from outside the container."""

    __slots__ = ("inode", "loopback", "port")

    def __init__(self, address: str, port: int, inode: str) -> None:
        self.loopback = is_loopback(address)
        self.port = port
        self.inode = inode


def listeners() -> list[Listener]:
    """Every listening TCP socket of this network namespace."""
    found = []
    for fields in _tcp():
        if fields[3] == LISTEN:
            address, _, port = fields[1].partition(":")
            found.append(Listener(address, int(port, 16), fields[9]))
    return found


def has_unread(port: int) -> bool:
    """Whether something that was sent to a port is not read, be it the end of a connection."""
    local = f":{port:04X}"
    for fields in _tcp():
        waiting = fields[4].rpartition(":")[2]
        if fields[1].endswith(local) and (fields[3] == CLOSE_WAIT or int(waiting, 16)):
            return True
    return False


def _tcp() -> Iterator[list[str]]:
    """The fields of each TCP socket."""
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path, encoding="ascii") as file:
                lines = file.readlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9:
                yield fields


def is_loopback(address: str) -> bool:
    """Whether an address of /proc/net/tcp, written as little-endian words, is a loopback one."""
    if len(address) == 8:
        return address.endswith("7F")
    mapped = address.startswith("0000000000000000FFFF0000")
    return address == "00000000000000000000000001000000" or (mapped and address.endswith("7F"))


def socket_inodes(root: int) -> set[str]:
    """The sockets of a process and its descendants, as far as we may look."""
    found = set()
    for pid in _family(root):
        directory = f"/proc/{pid}/fd"
        try:
            descriptors = os.listdir(directory)
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                target = os.readlink(f"{directory}/{descriptor}")
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(target[8:-1])
    return found


def cpu_seconds(root: int) -> float:
    """What a process and its descendants have used of CPUs."""
    stats = _stats()
    family = _among(stats, root)
    ticks = sum(int(fields[11]) + int(fields[12]) for pid, fields in stats.items() if pid in family)
    return ticks / os.sysconf("SC_CLK_TCK")


def is_running(root: int) -> bool:
    """Whether a thread of a process or its descendants runs, or would with a CPU or its disk's answer."""
    for pid in _family(root):
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for thread in threads:
            if _stat(f"/proc/{pid}/task/{thread}/stat")[:1] in (["R"], ["D"]):
                return True
    return False


def _family(root: int) -> set[int]:
    return _among(_stats(), root)


def _stats() -> dict[int, list[str]]:
    """What `_stat` gives of each process."""
    found = {int(entry): _stat(f"/proc/{entry}/stat") for entry in os.listdir("/proc") if entry.isdigit()}
    return {pid: fields for pid, fields in found.items() if fields}


def _stat(path: str) -> list[str]:
    """The fields from the third on, the state; none of what is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            # The name in brackets may hold anything.
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def _among(stats: dict[int, list[str]], root: int) -> set[int]:
    family = {root}
    grown = True
    while grown:
        more = {pid for pid, fields in stats.items() if int(fields[1]) in family and pid not in family}
        family |= more
        grown = bool(more)
    return family
