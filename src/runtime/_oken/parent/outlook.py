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
        if await _is_silent(spec):
            supervisor.replace(worker, "its server does not answer")
        else:
            await asyncio.sleep(REST_SECONDS)


async def doubt(spec: Spec, supervisor: Supervisor, *, must_ask: bool) -> None:
    """The runner's word on a server that reads requests and answers none: only the runner knows of them."""
    worker = supervisor.worker
    if worker is None or not worker.ready or supervisor.health.info.get("watched"):
        return
    if not must_ask or await _is_silent(spec):
        supervisor.replace(worker, "it answered none of several requests in their time")


async def _is_silent(spec: Spec) -> bool:
    """Whether it does not tell its health in a request's time. One that cannot be reached is not silent."""
    try:
        await asyncio.wait_for(ask(spec.port, spec.health_path), spec.timeout + KILL_SHARED_AFTER_SECONDS)
    except asyncio.TimeoutError:
        return True
    except (OSError, ValueError, EOFError):
        pass
    return False
