"""Finds out whether an http agent's server answers, and if not, where it listens instead."""

from __future__ import annotations

import asyncio

from . import environment
from .sockets import listeners, socket_inodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..spec import Spec
    from .supervisor import Supervisor

# A look may be late by this part of the time since the worker's start.
LATE_BY = 0.05
MIN_WAIT_SECONDS = 0.005
MAX_WAIT_SECONDS = 0.25
ANSWER_SECONDS = 5.0
# How long a server must be seen on localhost alone before it is called a failure.
LOCALHOST_SECONDS = 3.0


async def watch(spec: Spec, supervisor: Supervisor) -> None:
    """Looks until the server of the present worker answers; again for each worker that replaces it."""
    loop = asyncio.get_running_loop()
    wait = MIN_WAIT_SECONDS
    pid = 0
    local_since = 0.0
    while True:
        await asyncio.sleep(wait)
        worker = supervisor.worker
        if worker is None or worker.ready or supervisor.health.state not in ("starting", "crashed"):
            wait = MAX_WAIT_SECONDS
            continue
        if worker.pid != pid:
            pid = worker.pid
            local_since = 0.0
        wait = min(max(MIN_WAIT_SECONDS, (loop.time() - worker.started_at) * LATE_BY), MAX_WAIT_SECONDS)
        listening = listeners()
        here = [listener for listener in listening if listener.port == spec.port]
        if any(not listener.loopback for listener in here):
            status = await ask_soon(spec.port, spec.health_path)
            if status is not None and status < 500:
                supervisor.serving()
            elif status is not None:
                supervisor.health.message = f"GET {spec.health_path} answers {status}"
            continue
        if here:
            local_since = local_since or loop.time()
            supervisor.health.reason = "bound_to_localhost"
            supervisor.health.message = (
                f"the server listens on 127.0.0.1:{spec.port}, where only the container itself can reach it; "
                f"it must listen on 0.0.0.0:{spec.port}"
            )
            if loop.time() - local_since > LOCALHOST_SECONDS:
                supervisor.fail_serving()
            continue
        local_since = 0.0
        if not listening:
            continue
        # Docker's resolver listens in every container too, so only what the agent holds counts.
        own = socket_inodes(pid)
        others = sorted({listener.port for listener in listening if listener.inode in own})
        if others:
            ports = ", ".join(str(port) for port in others)
            supervisor.health.reason = "wrong_port"
            supervisor.health.message = (
                f"nothing listens on port {spec.port}, but the agent listens on {ports}; "
                f"use the PORT variable or set `port` in oken.toml"
            )


async def ask_soon(port: int, path: str) -> int | None:
    """The status of one GET, None when there is no HTTP answer."""
    try:
        return await asyncio.wait_for(ask(port, path), ANSWER_SECONDS)
    except (OSError, ValueError, asyncio.TimeoutError, EOFError):
        return None


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
