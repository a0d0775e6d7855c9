"""Turns what a handler gave back, or how it failed, into frames for the parent."""

from __future__ import annotations

import json
import sys

from .. import frames
from ..agent import failures
from ..agent.request import CURRENT, Cancelled, InputError
from . import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..agent.request import Request

# Told to the parent after a sys.exit() of the agent's.
EXIT_REASON = b"the agent called sys.exit()"
_OPEN = b'{"output":'
_OPEN_LIST = b'{"output":['


def result(value: Any) -> bytes:
    """The body of a whole answer."""
    return _OPEN + encode.encode(value) + b"}"


def result_list(items: list[bytes]) -> bytes:
    """The body for items that were encoded one by one."""
    return _OPEN_LIST + b",".join(items) + b"]}"


def error_frame(number: int, status: int, message: str, details: dict[str, Any]) -> bytes:
    code = "INVALID_REQUEST" if status == 400 else "INVOKE_FAILED"
    body = json.dumps({"error": message, "code": code, "details": details}).encode("ascii")
    return frames.frame(frames.ERROR, number, frames.ERROR_HEAD.pack(status) + body)


def failure_frames(request: Request, error: BaseException, app_dir: str) -> bytes:
    """The ERROR frame for what ended a request; after a sys.exit(), EXITING comes before it."""
    failure = _failure_frame(request, error, app_dir)
    if not isinstance(error, SystemExit):
        return failure
    # The error frees a slot: the parent must know by then that this process takes no more requests.
    return frames.frame(frames.EXITING, 0, EXIT_REASON) + failure


def _failure_frame(request: Request, error: BaseException, app_dir: str) -> bytes:
    if isinstance(error, InputError):
        return error_frame(request.number, 400, str(error), {})
    if request.cancelled:
        message = f"The request was cancelled ({request.cancelled})."
        return error_frame(request.number, 503, message, {"reason": request.cancelled})
    details: dict[str, Any] = {"type": type(error).__name__}
    place = failures.where(error, app_dir)
    if place:
        details["at"] = place
    if isinstance(error, encode.OutputError):
        message = f"The answer is not JSON: {error}."
    elif isinstance(error, SystemExit):
        message = f"The agent called sys.exit({'' if error.code is None else repr(error.code)})"
        message += f" ({place})." if place else "."
    elif isinstance(error, Cancelled):
        message = "The agent's code was interrupted."
    else:
        message = failures.sentence(error, app_dir)
        details["traceback"] = failures.trimmed(error, app_dir)
    return error_frame(request.number, 500, message, details)


def log_failure(request: Request, error: BaseException, app_dir: str) -> None:
    """Writes the traceback to the request's log; a request that was cancelled ends without one."""
    if request.cancelled or isinstance(error, InputError):
        return
    text = str(error) if isinstance(error, encode.OutputError) else failures.trimmed(error, app_dir)
    token = CURRENT.set(request)
    try:
        sys.stderr.write(text + "\n")
    finally:
        CURRENT.reset(token)
