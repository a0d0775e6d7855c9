"""What an application says of its startup to a uvicorn of the agent's own, which only logs it and exits."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULE = "uvicorn.lifespan.on"
_SAID = "oken_startup_failure"


def keep(module: Any) -> None:
    """Changes uvicorn's module."""
    send = module.LifespanOn.send

    async def keep_and_send(self: Any, message: Any) -> None:
        if message["type"] == "lifespan.startup.failed":
            setattr(module, _SAID, message.get("message") or "")
        await send(self, message)

    module.LifespanOn.send = keep_and_send


def failure() -> str | None:
    """What was said; None if the startup did not fail."""
    said: str | None = getattr(sys.modules.get(MODULE), _SAID, None)
    return said
