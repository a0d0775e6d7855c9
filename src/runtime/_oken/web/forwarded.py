"""Tells an application where it is seen from outside.

The runner is in front of it, and sets or removes these headers in every request, so they are believed.
"""

from __future__ import annotations

import re
import sys
import urllib.parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOR = b"x-forwarded-for"
HOST = b"x-forwarded-host"
PREFIX = b"x-forwarded-prefix"
PROTO = b"x-forwarded-proto"

_SCHEMES = ("http", "https")
_WITHOUT_PREFIX = frozenset(("engineio", "falcon", "sanic", "socketio"))
_STARLETTE_WITH_PREFIX = (0, 35)


def to_scope(scope: Any, told: dict[bytes, bytes], *, with_prefix: bool) -> None:
    """Changes an ASGI scope; `told` holds the request's headers, `with_prefix` whether `path` gets it too."""
    prefix = told.get(PREFIX, b"").rstrip(b"/")
    if prefix:
        scope["root_path"] = urllib.parse.unquote(prefix.decode("latin-1"))
        if with_prefix:
            scope["path"] = scope["root_path"] + scope["path"]
            if scope.get("raw_path") is not None:
                scope["raw_path"] = prefix + scope["raw_path"]
    if FOR in told:
        scope["client"] = (first(told[FOR].decode("latin-1")), 0)
    scheme = told.get(PROTO, b"").decode("latin-1")
    if scheme in _SCHEMES:
        scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
    if HOST in told:
        scope["headers"] = [
            (name, told[HOST] if name == b"host" else value) for name, value in scope["headers"]
        ]


def to_environ(environ: dict[str, Any]) -> None:
    """Changes a WSGI environ."""
    prefix = environ.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/")
    if prefix:
        environ["SCRIPT_NAME"] = urllib.parse.unquote(prefix, "latin-1")
    client = environ.get("HTTP_X_FORWARDED_FOR")
    if client:
        environ["REMOTE_ADDR"] = first(client)
        environ["REMOTE_PORT"] = "0"
    scheme = environ.get("HTTP_X_FORWARDED_PROTO")
    if scheme in _SCHEMES:
        environ["wsgi.url_scheme"] = scheme
    host = environ.get("HTTP_X_FORWARDED_HOST")
    if host:
        environ["HTTP_HOST"] = host


def first(addresses: str) -> str:
    """The caller's of a list of addresses: the proxies behind it follow."""
    return addresses.partition(",")[0].strip()


def path_has_prefix(app: Any) -> bool:
    """As ASGI has it, but for packages that look for their routes at the start of `path`."""
    if type(app).__module__.partition(".")[0] in _WITHOUT_PREFIX:
        return False
    starlette = sys.modules.get("starlette")
    return starlette is None or _version(starlette.__version__) >= _STARLETTE_WITH_PREFIX


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])
