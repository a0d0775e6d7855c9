"""Loads a handler or an agent, runs its `setup`, and gives it to the executor that fits."""

from __future__ import annotations

import asyncio
import inspect

from ..agent import green_threads, hooks, patching
from ..agent.report import report_failure, report_ready
from ..agent.target import is_own, plain_target, resolve
from ..output.line_stream import flush_replaced
from ..sdks import agentcore
from . import thread_loops
from .loop_executor import LoopExecutor
from .main_thread_executor import MainThreadExecutor

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from ..agent.target import Target
    from ..output.line_stream import LineStream
    from ..spec import Spec

# For what an SDK does not do on the loop, such as tools. Python's own number is that of the CPUs and four.
SDK_THREADS = 32


def run(spec: Spec, channel: socket.socket, streams: tuple[LineStream, LineStream]) -> None:
    """Serves until the parent lets go; a failure to load is reported and waits for that too."""
    during = None
    try:
        thread_loops.install()
        loop = asyncio.new_event_loop()
        # Before the import: on CPython 3.9 a lock belongs to the loop that is current where it is made.
        asyncio.set_event_loop(loop)
        # None imports its SDK here.
        patching.install({"bedrock_agentcore.runtime.app": agentcore.stays})
        value = resolve(spec)
        if spec.factory and hasattr(value, "__await__"):
            value = loop.run_until_complete(_awaited(value))
        target = _target(value, spec, loop)
        # Again: an `asyncio.run` at import leaves none behind.
        asyncio.set_event_loop(loop)
        alone = target.alone or spec.concurrency == 1
        if not alone and not target.is_async:
            green_threads.refuse(spec.app_dir, ", or set concurrency = 1 in oken.toml")
        during = "setup()"
        hooks.run_setup(target.setup, loop)
    except BaseException as error:
        flush_replaced(None)
        report_failure(channel, error, spec, during)
        return
    flush_replaced(None)
    report_ready(channel, callable=target.label, kind=target.kind, alone=alone)
    # A sync handler needs the main thread to be interrupted in a blocking call, and can have it when alone.
    executor = MainThreadExecutor if alone and not target.is_async else LoopExecutor
    executor(loop, spec, target, streams).run(channel)


def _target(value: Any, spec: Spec, loop: asyncio.AbstractEventLoop) -> Target:
    is_own_agent = inspect.isclass(value) and is_own(value, "run", spec.app_dir)
    if not inspect.isfunction(value) and not is_own_agent:
        # Only here: what most agents are needs nothing of it.
        from concurrent.futures import ThreadPoolExecutor

        from ..sdks.target import sdk_target

        found = sdk_target(value, spec)
        if found is not None and found.is_async:
            loop.set_default_executor(ThreadPoolExecutor(max(SDK_THREADS, spec.concurrency)))
        if found is not None:
            return found
    return plain_target(value, spec)


async def _awaited(value: Any) -> Any:
    return await value
