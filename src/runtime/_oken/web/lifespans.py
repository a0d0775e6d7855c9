"""What an application says of its startup to a uvicorn of the agent's own, which only logs it and exits."""

from __future__ import annotations

import logging
import sys
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULE = "uvicorn.lifespan.on"
_SAID = "oken_startup_failure"


def keep(module: Any) -> None:
    """Changes uvicorn's module."""
    lifespan = module.LifespanOn
    start, send = lifespan.startup, lifespan.send

    async def keep_and_start(self: Any) -> None:
        raised = _Raised(module)
        self.logger.addFilter(raised)
        try:
            await start(self)
        finally:
            self.logger.removeFilter(raised)

    async def keep_and_send(self: Any, message: Any) -> None:
        if message["type"] == "lifespan.startup.failed":
            setattr(module, _SAID, message.get("message") or "")
        await send(self, message)

    lifespan.startup, lifespan.send = keep_and_start, keep_and_send


class _Raised(logging.Filter):
    """Sees what the application raised, which uvicorn with `lifespan="on"` only logs."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self._module = module

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0]:
            setattr(self._module, _SAID, "".join(traceback.format_exception(*record.exc_info)))
        return True


def failure() -> str | None:
    """What was said; None if the startup did not fail."""
    said: str | None = getattr(sys.modules.get(MODULE), _SAID, None)
    return said
