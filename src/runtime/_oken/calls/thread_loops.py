"""`asyncio.get_event_loop()` in a sync handler: many programs call it, and run the loop that they get."""

from __future__ import annotations

import asyncio
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


def install() -> None:
    """Where Python has none for a thread, it gets one of its own: also after an `asyncio.run`."""
    get: Callable[[], asyncio.AbstractEventLoop] = asyncio.get_event_loop
    made = threading.local()

    def get_or_make() -> asyncio.AbstractEventLoop:
        try:
            return get()
        except RuntimeError:
            loop: asyncio.AbstractEventLoop | None = getattr(made, "loop", None)
            if loop is None or loop.is_closed():
                loop = made.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            return loop

    asyncio.get_event_loop = asyncio.events.get_event_loop = get_or_make
