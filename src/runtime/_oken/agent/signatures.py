"""The parameters of the agent's callables."""

from __future__ import annotations

import inspect
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


def signature(function: Callable[..., Any]) -> inspect.Signature:
    """Raises TypeError or ValueError where there is none.

    Annotations are not evaluated, which CPython 3.14 puts off until they are asked for: they may name what is
    imported for type checkers alone.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)
