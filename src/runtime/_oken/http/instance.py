"""A request that names the instance it is for is taken by no other.

The address of a container is given to another as soon as the first is gone.
"""

from __future__ import annotations

from . import replies

INSTANCE_HEADER = b"x-oken-instance"
MISDIRECTED = 421
CODE = "MISDIRECTED"
MESSAGE = "This request is for another instance."


def is_for_another(instance: bytes, named: bytes | None) -> bool:
    """`instance` is this one's name, `named` what the request says, if it says anything."""
    return bool(instance) and named is not None and named != instance


def refusal() -> bytes:
    """The body of the answer."""
    return replies.error_body(CODE, MESSAGE)
