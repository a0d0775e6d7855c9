"""What the agent's author can do about an error whose words do not say it."""

from __future__ import annotations

from . import files, libraries, modules, network, programs, shadows, variables
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


def _for_input(error: BaseException, app_dir: str) -> str:
    if isinstance(error, EOFError) and "reading a line" in str(error):
        return "nobody can answer input() here, so take it from the agent's input or from a secret"
    return ""


# The first that knows the error says what to do.
_LOOKS = (
    shadows.advice,
    modules.advice,
    _for_input,
    libraries.advice,
    programs.advice,
    network.advice,
    files.advice,
    variables.advice,
)
