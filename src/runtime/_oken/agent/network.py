"""What to do where another machine is not reached, also in the words of the libraries that call it."""

from __future__ import annotations

import errno
import re
import socket

UNREACHED = "agents reach public addresses alone, and those of [network] allow in oken.toml"
REFUSED = "nothing listens there; localhost is the agent's own container, where no other program is"
UNKNOWN_HOST = "no machine of that name is known; those of your own are named by address, in [network] allow"
NOT_LISTED = "name that host in egress in oken.toml"

_UNREACHED = re.compile(r"No route to host|\[Errno 113\]")
_REFUSED = re.compile(r"[Cc]onnection refused|\[Errno 111\]|Connect call failed \('(?:127\.|::1)")
_UNKNOWN_HOST = re.compile(
    r"Name or service not known|No address associated with hostname|Temporary failure in name resolution"
    r"|could not translate host name|Name does not resolve"
)
# As the way out itself says it.
_NOT_LISTED = re.compile(r"is not in the agent's egress")
LOOKED_AT = 2000


def advice(error: BaseException, app_dir: str) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EHOSTUNREACH:
        return UNREACHED
    if number == errno.ECONNREFUSED:
        return REFUSED
    if isinstance(error, socket.gaierror):
        return UNKNOWN_HOST
    text = str(error)[:LOOKED_AT]
    for words, todo in (
        (_NOT_LISTED, NOT_LISTED),
        (_UNREACHED, UNREACHED),
        (_UNKNOWN_HOST, UNKNOWN_HOST),
        (_REFUSED, REFUSED),
    ):
        if words.search(text):
            return todo
    return ""
