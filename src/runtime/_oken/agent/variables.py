"""What to do where a variable of the environment is missing."""

from __future__ import annotations

import os
import re

from .traces import last_frame

# As the SDKs say it: "set the OPENAI_API_KEY environment variable", "Environment variable `X` is not set".
# Of several that would do the first counts: "`OPENAI_API_KEY` or `OPENAI_ADMIN_KEY` environment variable".
_NAME = r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b"
VARIABLE = re.compile(
    _NAME + r"[`'\"]?(?:(?:,| or| and) [`'\"]?[A-Z][A-Z0-9_]*[`'\"]?){0,5} environment variable"
    r"|[Ee]nvironment variables?:? [`'\"]?" + _NAME
)
LOOKED_AT = 1000


def advice(error: BaseException, app_dir: str) -> str:
    name = _missing_variable(error)
    return f"send {name} as a secret with the deploy" if name else ""


def _missing_variable(error: BaseException) -> str:
    """The environment variable that the error is about, where the agent has it not."""
    if isinstance(error, KeyError):
        name = error.args[0] if error.args and _raised_by_environ(error) else ""
    else:
        try:
            found = VARIABLE.search(str(error)[:LOOKED_AT])
        except Exception:
            return ""
        name = (found.group(1) or found.group(2)) if found else ""
    return name if isinstance(name, str) and name and name not in os.environ else ""


def _raised_by_environ(error: BaseException) -> bool:
    frame = last_frame(error)
    return frame is not None and frame.f_locals.get("self") is os.environ
