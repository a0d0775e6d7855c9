"""Starts the worker process with its secrets; imports nothing slow, since it runs before all else."""

from __future__ import annotations

import os
import socket

from ..listening import descriptor_of
from .environment import is_read_at_start, read_secrets, worker_environment
from .guard import release_worker
from .redaction import Redaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from ..spec import Spec


class Launch:
    """What every worker is started with.

    `command` starts our program in the agent's Python. `door` is the port of an application that we serve,
    else None.
    """

    __slots__ = ("command", "config", "door", "redaction", "spec")

    def __init__(self, command: list[str], spec: Spec, config: bytes, door: socket.socket | None) -> None:
        self.command = command
        self.spec = spec
        # The first frame that a worker reads.
        self.config = config
        self.door = door
        self.redaction = Redaction(read_secrets)


class _Ends:
    """One process's ends: the frames' socket, the log socket and the two output pipes."""

    __slots__ = ("channel", "logs", "stderr", "stdout")

    def __init__(self, channel: socket.socket, logs: socket.socket, stdout: int, stderr: int) -> None:
        self.channel = channel
        self.logs = logs
        self.stdout = stdout
        self.stderr = stderr

    def close(self) -> None:
        self.channel.close()
        self.logs.close()
        os.close(self.stdout)
        os.close(self.stderr)


class Spawned(_Ends):
    """The parent's side, and the worker's process."""

    __slots__ = ("pid",)

    pid: int


class WorkerEnds(_Ends):
    """The worker's side."""

    __slots__ = ()


def first_worker(launch: Launch) -> Union[Spawned, WorkerEnds]:
    """Starts the first worker, as a fork where it can: a fork has its interpreter already.

    A fork returns in both processes, with the ends of each. This process must have one thread and no slow
    imports yet. Raises as `spawn_worker` does.
    """
    environment = worker_environment(launch.spec)
    if is_read_at_start(environment):
        return spawn_worker(launch)
    spawned, ends = _connect(launch.config)
    try:
        spawned.pid = os.fork()
    except BaseException:
        spawned.close()
        ends.close()
        raise
    if spawned.pid:
        ends.close()
        # Both processes do it, since either may be first.
        _lead_group(spawned.pid)
        return spawned
    _lead_group(0)
    release_worker()
    spawned.close()
    _become(environment, ends)
    return ends


def spawn_worker(launch: Launch) -> Spawned:
    """Starts a worker in a process group of its own and writes its first frame.

    Raises OSError when no process can be made, ValueError when the secrets cannot be an environment.
    """
    environment = worker_environment(launch.spec)
    spawned, ends = _connect(launch.config)
    passed = [end for end in (ends.channel, ends.logs, launch.door) if end is not None]
    try:
        for end in passed:
            end.set_inheritable(True)
        spawned.pid = os.posix_spawn(
            launch.command[0],
            [
                *launch.command,
                "--worker",
                str(ends.channel.fileno()),
                str(ends.logs.fileno()),
                str(descriptor_of(launch.door)),
            ],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, ends.stdout, 1),
                (os.POSIX_SPAWN_DUP2, ends.stderr, 2),
            ],
            setpgroup=0,
            setsigmask=(),
        )
    except BaseException:
        spawned.close()
        raise
    finally:
        ends.close()
        if launch.door is not None:
            launch.door.set_inheritable(False)
    return spawned


def _connect(config: bytes) -> tuple[Spawned, WorkerEnds]:
    """The ends for the parent and for a new worker; the first frame is sent already."""
    channel, worker_channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    # Whole messages, also when forked children of the agent write to it at the same time.
    logs, worker_logs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stdout, worker_stdout = os.pipe()
    stderr, worker_stderr = os.pipe()
    channel.sendall(config)
    for end in (channel, logs):
        end.setblocking(False)
    for pipe in (stdout, stderr):
        os.set_blocking(pipe, False)
    ends = WorkerEnds(worker_channel, worker_logs, worker_stdout, worker_stderr)
    return Spawned(channel, logs, stdout, stderr), ends


def _lead_group(pid: int) -> None:
    try:
        os.setpgid(pid, pid)
    except OSError:
        pass


def _become(environment: dict[bytes, bytes], ends: WorkerEnds) -> None:
    """Gives a forked worker its standard files and its environment."""
    null = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((null, 0), (ends.stdout, 1), (ends.stderr, 2)):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.environb.clear()
    os.environb.update(environment)
