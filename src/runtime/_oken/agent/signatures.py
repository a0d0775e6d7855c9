"""The parameters of the agent's callables."""

from __future__ import annotations

import inspect
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


def signature(function: Callable[..., Any]) -> inspect.Signature:
    """Raises TypeError or ValueError where there is none.

    CPython 3.14 would evaluate the annotations now. They may name modules that only type checkers import, so
    they are left as they are.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)
