"""`setup` before the agent is ready, `teardown` when it ends; both may be sync or async."""

from __future__ import annotations

import asyncio
import contextvars
import sys

from . import failures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

# SIGTERM leaves ten seconds for all of the end.
TEARDOWN_SECONDS = 5.0


def run_setup(hook: Callable[[], Any] | None, loop: asyncio.AbstractEventLoop) -> None:
    """Raises whatever `setup` raises."""
    if hook is None:
        return
    value = hook()
    if hasattr(value, "__await__"):
        # It ran in a task, whose variables the requests are to have too.
        for variable, content in loop.run_until_complete(_context_after(value)).items():
            variable.set(content)


async def _context_after(value: Any) -> contextvars.Context:
    await value
    return contextvars.copy_context()


async def run_teardown(hook: Callable[[], Any] | None, app_dir: str) -> None:
    """Logs what `teardown` raises; an async one is cancelled when its time is over."""
    if hook is None:
        return
    try:
        value = hook()
        if hasattr(value, "__await__"):
            await asyncio.wait_for(_awaited(value), TEARDOWN_SECONDS)
    except BaseException as error:
        sys.stderr.write("teardown failed: " + failures.trimmed(error, app_dir) + "\n")


async def _awaited(value: Any) -> Any:
    return await value
