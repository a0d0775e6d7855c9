"""Asks the process of an http agent whether it runs at all; what happens inside is its own to watch."""

from __future__ import annotations

import asyncio

from ..patience import KILL_SHARED_AFTER_SECONDS, time_paused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..spec import Spec
    from .supervisor import Supervisor

PING_SECONDS = 2.0


async def watch(spec: Spec, supervisor: Supervisor) -> None:
    """Replaces a worker that answers nothing for longer than a request may take."""
    loop = asyncio.get_running_loop()
    patience = spec.timeout + KILL_SHARED_AFTER_SECONDS
    while True:
        due = loop.time() + PING_SECONDS
        await asyncio.sleep(PING_SECONDS)
        worker = supervisor.worker
        if worker is None or not worker.ready:
            continue
        if not worker.pinged_at:
            worker.ping()
            continue
        worker.pinged_at += time_paused(loop.time() - due)
        if loop.time() - worker.pinged_at > patience:
            supervisor.replace(worker, "its process does not answer")
