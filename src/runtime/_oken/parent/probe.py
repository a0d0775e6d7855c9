"""Finds out whether an http agent's server answers, and if not, where it listens instead."""

from __future__ import annotations

import asyncio

from . import environment
from .sockets import cpu_seconds, is_running, listeners, socket_inodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..spec import Spec
    from .health import Health
    from .supervisor import Supervisor

# A look may be late by this part of the time since the worker's start.
LATE_BY = 0.05
MIN_WAIT_SECONDS = 0.005
MAX_WAIT_SECONDS = 0.25
# How long a server may say nothing before that is told, and how often until it is asked anew.
SILENT_SECONDS = 1.0
SILENT_TIMES = 5
# How long a server must be seen on localhost alone, or a quiet agent's elsewhere, before that is a failure.
ASTRAY_SECONDS = 3.0
# Of one CPU, in that time: an agent that does more may still be on its way.
QUIET_SHARE = 0.1


async def watch(spec: Spec, supervisor: Supervisor) -> None:
    """Looks until the server of the present worker answers; again for each worker that replaces it."""
    loop = asyncio.get_running_loop()
    wait = MIN_WAIT_SECONDS
    pid = 0
    astray = Astray(loop.time)
    while True:
        await asyncio.sleep(wait)
        worker = supervisor.worker
        if worker is None or worker.ready or supervisor.health.state not in ("starting", "crashed"):
            wait = MAX_WAIT_SECONDS
            continue
        if worker.pid != pid:
            pid = worker.pid
            astray.end()
        wait = min(max(MIN_WAIT_SECONDS, (loop.time() - worker.started_at) * LATE_BY), MAX_WAIT_SECONDS)
        listening = listeners()
        here = [listener for listener in listening if listener.port == spec.port]
        if any(not listener.loopback for listener in here):
            astray.end()
            if await _is_healthy(spec, supervisor.health):
                supervisor.serving()
            continue
        if here:
            supervisor.health.sees(
                f"the server listens on 127.0.0.1:{spec.port}, where only the container itself can reach it; "
                f"it must listen on 0.0.0.0:{spec.port}",
                "bound_to_localhost",
            )
            if astray.lasts("bound_to_localhost"):
                supervisor.fail_serving()
            continue
        # Docker's resolver listens in every container too, so only what the agent holds counts.
        own = socket_inodes(pid) if listening else set()
        others = sorted({listener.port for listener in listening if listener.inode in own})
        if not others:
            astray.end()
            supervisor.health.sees("")
            continue
        ports = ", ".join(str(port) for port in others)
        supervisor.health.sees(
            f"nothing listens on port {spec.port}, but the agent listens on {ports}; "
            f"use the PORT variable or set `port` in oken.toml",
            "wrong_port",
        )
        if astray.lasts(f"wrong_port {ports}", pid):
            supervisor.fail_serving()


class Astray:
    """How long a server has been where nobody can reach it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.end()

    def end(self) -> None:
        self._where = ""

    def lasts(self, where: str, pid: int = 0) -> bool:
        """Long enough; with `pid`, the process and its children have also done next to nothing meanwhile."""
        now = self._now()
        used = cpu_seconds(pid) if pid else 0.0
        # On a busy machine an agent that has much to do may get little done.
        if where != self._where or (pid and is_running(pid)):
            self._where, self._since, self._used = where, now, used
        passed = now - self._since
        if passed < ASTRAY_SECONDS:
            return False
        if used - self._used < passed * QUIET_SHARE:
            return True
        self._since, self._used = now, used
        return False


async def _is_healthy(spec: Spec, health: Health) -> bool:
    """Asks once. While there is no answer, health says so."""
    asking = asyncio.ensure_future(ask(spec.port, spec.health_path))
    try:
        for _ in range(SILENT_TIMES):
            done, _pending = await asyncio.wait([asking], timeout=SILENT_SECONDS)
            if done:
                break
            health.sees(
                f"the server takes connections on port {spec.port}, "
                f"but has said nothing to GET {spec.health_path}"
            )
        else:
            return False
        status = asking.result()
    except (OSError, ValueError, EOFError):
        health.sees(f"the server on port {spec.port} answers GET {spec.health_path} with no HTTP")
        return False
    finally:
        asking.cancel()
    if status >= 500:
        health.sees(f"GET {spec.health_path} answers {status}")
    return status < 500


async def ask(port: int, path: str) -> int:
    """The status of one GET. Raises OSError, ValueError or EOFError when the answer is not HTTP."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_request(path).encode("ascii"))
        line = await reader.readline()
        version, status = line.split(b" ", 2)[:2]
        if not version.startswith(b"HTTP/"):
            raise ValueError("not HTTP")
        return int(status)
    finally:
        writer.close()


def _request(path: str) -> str:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    if environment.prefix():
        # As in every later request: Django keeps the prefix that it sees first.
        lines.append("X-Forwarded-Prefix: " + environment.prefix())
    return "\r\n".join(lines) + "\r\n\r\n"
