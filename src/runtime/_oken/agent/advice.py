"""What the agent's author can do about an error whose words do not say it."""

from __future__ import annotations

from . import files, libraries, modules, network, programs, shadows, slips, variables
from .traces import causes


def advice(error: BaseException, app_dir: str) -> str:
    """What to do, to follow the error's sentence; empty where nothing is known."""
    for cause in causes(error):
        for look in _LOOKS:
            try:
                todo = look(cause, app_dir)
            except Exception:
                # Errors of an agent's may have any words and attributes, and none may hide the error.
                continue
            if todo:
                return todo
    return ""


# The first that knows the error says what to do.
_LOOKS = (
    shadows.advice,
    modules.advice,
    slips.advice,
    libraries.advice,
    programs.advice,
    network.advice,
    files.advice,
    variables.advice,
)
