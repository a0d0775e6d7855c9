"""Puts the guard that fits in front of an application."""

from __future__ import annotations

from . import servers
from .applications import ASGI, WSGI

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..spec import Spec
    from .watch import Watch


def guard(app: Any, interface: str, server: str, spec: Spec, watch: Watch) -> Any:
    """What the server gets to serve; neither ASGI nor WSGI: the application as it is."""
    if interface == ASGI:
        return _asgi(app, spec, watch)
    if interface != WSGI:
        return app
    if server == servers.OWN:
        from . import wsgi

        return _asgi(wsgi.as_asgi(app, spec.threads, watch), spec, watch)
    from . import wsgi_entry

    return wsgi_entry.guard(app, spec)


def _asgi(app: Any, spec: Spec, watch: Watch) -> Any:
    from . import asgi_entry

    return asgi_entry.guard(app, spec, watch)
