"""Below an error that an application logs, what its author can do about it.

Frameworks log what they answer with a bare 500, and no caller is told more.
"""

from __future__ import annotations

import logging
import sys

from ..agent.advice import advice
from ..agent.traces import innermost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def install(app_dir: str) -> None:
    call_handlers = logging.Logger.callHandlers

    def call_handlers_and_advise(self: logging.Logger, record: logging.LogRecord) -> Any:
        answer = call_handlers(self, record)
        error = record.exc_info[1] if record.exc_info and record.levelno >= logging.ERROR else None
        todo = advice(innermost(error), app_dir) if error is not None else ""
        if todo:
            sys.stderr.write(f"What to do: {todo}\n")
        return answer

    logging.Logger.callHandlers = call_handlers_and_advise  # type: ignore[method-assign]
