"""Green threads in the place of threads: gevent and eventlet change the standard library for their own loops.

The runtime runs threads and a loop of its own by then. What is left of both neither answers nor ends.
"""

from __future__ import annotations

import os
import re
import sys

from .failures import PlainError, is_users, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The module that changes others, how it is asked what it has changed, and what threads are or wait with.
_PATCHERS = (
    ("gevent", "gevent.monkey", "is_module_patched", ("threading", "queue")),
    ("eventlet", "eventlet.patcher", "is_monkey_patched", ("thread",)),
)
_CALL = re.compile(r"^(?!\s*def\b)[^#\n]*\b(?:patch_all|patch_thread|monkey_patch)\s*\(", re.MULTILINE)


class GreenThreadsError(PlainError):
    """The agent's threads are none."""


def refuse(app_dir: str, otherwise: str = "") -> None:
    """Raises with the place of the change, where there are no threads any more."""
    for package, module, question, changed in _PATCHERS:
        ask: Any = getattr(sys.modules.get(module), question, None)
        if ask is not None and any(ask(name) for name in changed):
            raise GreenThreadsError(
                f"{package} has replaced Python's threads{_place(app_dir)}, which requests are served with: "
                f"remove its monkey patch{otherwise}"
            )


def cause(error: BaseException, app_dir: str) -> BaseException:
    """What an error of the import comes from: the change itself can fail, in words that say nothing of it."""
    try:
        refuse(app_dir)
    except GreenThreadsError as changed:
        return changed
    return error


def _place(app_dir: str) -> str:
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not is_users(path, app_dir) or not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        found = _CALL.search(text)
        if found:
            line = text.count("\n", 0, found.end()) + 1
            return f" ({shorten(path, app_dir)}, line {line})"
    return ""
