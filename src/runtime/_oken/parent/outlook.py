"""Looks from outside at a server that is not ours, when requests seem to be stuck in it."""

from __future__ import annotations

import asyncio

from ..patience import KILL_SHARED_AFTER_SECONDS
from .probe import ask
from .sockets import has_unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..spec import Spec
    from .supervisor import Supervisor

LOOK_SECONDS = 2.0
# After an answer: a look costs the agent a request, and may be in its log.
REST_SECONDS = 30.0


async def watch(spec: Spec, supervisor: Supervisor) -> None:
    """Replaces a server that leaves connections alone, and does not tell its health in a request's time."""
    patience = spec.timeout + KILL_SHARED_AFTER_SECONDS
    before = False
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        worker = supervisor.worker
        if worker is None or not worker.ready or supervisor.health.info.get("watched"):
            continue
        # Twice: under load there is always something to read.
        now = has_unread(spec.port)
        if not (now and before):
            before = now
            continue
        before = False
        try:
            await asyncio.wait_for(ask(spec.port, spec.health_path), patience)
        except asyncio.TimeoutError:
            supervisor.replace(worker, "its server does not answer")
            continue
        except (OSError, ValueError, EOFError):
            pass
        await asyncio.sleep(REST_SECONDS)
