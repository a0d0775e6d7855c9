"""What to do about usual slips of a first agent's own code."""

from __future__ import annotations

from .traces import last_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Names of an input that a sentence has room for.
MAX_NAMES = 5
# What handlers call it.
INPUT = ("input", "inputs", "payload", "event", "data", "body")
# As asyncio says it of `asyncio.run` and of `loop.run_until_complete`.
_IN_A_LOOP = (
    "asyncio.run() cannot be called from a running event loop",
    "This event loop is already running",
)


def advice(error: BaseException, app_dir: str) -> str:
    if isinstance(error, EOFError) and "reading a line" in str(error):
        return "nobody can answer input() here, so take it from the agent's input or from a secret"
    if isinstance(error, RuntimeError) and str(error) in _IN_A_LOOP:
        return "an async handler runs in a loop already, so await the coroutine itself"
    return _for_key(error) if type(error) is KeyError and error.args else ""


def _for_key(error: KeyError) -> str:
    """Of a handler that takes a key of its input: what the input has."""
    frame = last_frame(error)
    if frame is None or not frame.f_code.co_argcount:
        return ""
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    name = names[1] if names[0] == "self" and len(names) > 1 else names[0]
    given = frame.f_locals.get(name)
    return _lacks(given, error.args[0]) if name in INPUT and isinstance(given, dict) else ""


def _lacks(given: dict[Any, Any], key: Any) -> str:
    if not isinstance(key, str) or key in given:
        return ""
    names = ", ".join(str(name) for name in list(given)[:MAX_NAMES])
    return f"the input has {names}" if names else "the input is empty"
