"""Loads a handler or an agent, runs its `setup`, and gives it to the engine that fits."""

from __future__ import annotations

import asyncio

from .loop_engine import LoopEngine
from .report import report_failure, report_ready
from .target import Target, load_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from .capture import LineStream
    from .spec import Spec


def run(spec: Spec, channel: socket.socket, streams: tuple[LineStream, LineStream]) -> None:
    try:
        target = load_target(spec)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        _setup(target, loop)
    except BaseException as error:
        report_failure(channel, error, spec)
        return
    report_ready(channel, callable=target.label, kind=target.kind)
    LoopEngine(loop, spec, target, streams).run(channel)


def _setup(target: Target, loop: asyncio.AbstractEventLoop) -> None:
    if target.setup is None:
        return
    value = target.setup()
    if hasattr(value, "__await__"):
        loop.run_until_complete(_awaited(value))


async def _awaited(value: object) -> None:
    await value  # type: ignore[misc]
