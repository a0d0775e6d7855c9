"""What kind of web application an object is, seen after its import."""

from __future__ import annotations

import inspect
import sys

from ..agent.failures import PlainError
from ..agent.signatures import signature
from . import mcp_servers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ASGI = "asgi"
WSGI = "wsgi"
AIOHTTP = "aiohttp"
TORNADO = "tornado"
GRADIO = "gradio"


class NotAnApplicationError(PlainError):
    """No web server can serve the object."""


def classify(app: Any, label: str) -> tuple[str, Any]:
    """The interface and the object to serve through it. Raises NotAnApplicationError."""
    if _is_a(app, "aiohttp.web", "Application"):
        return AIOHTTP, app
    if _is_a(app, "tornado.web", "Application"):
        return TORNADO, app
    if _is_a(app, "gradio", "Blocks"):
        return GRADIO, app
    if mcp_servers.is_mcp_server(app):
        return ASGI, mcp_servers.application_of(app)
    if type(app).__module__.startswith("agno.os") and hasattr(app, "get_app"):
        return ASGI, app.get_app()
    if type(app).__module__.partition(".")[0] == "dash" and hasattr(app, "server"):
        return WSGI, app.server
    if not callable(app):
        raise NotAnApplicationError(f"{label} is of type {type(app).__name__}, which no web server can serve")
    return _by_signature(app, label)


def _by_signature(app: Any, label: str) -> tuple[str, Any]:
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(type(app), "__call__", None)):  # noqa: B004
        return ASGI, app
    try:
        parameters = list(signature(app).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [
        p
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    if len(positional) == 3:
        return ASGI, app
    if len(positional) == 2:
        return WSGI, app
    if len(positional) == 1 and (inspect.isclass(app) or positional[0].name == "scope"):
        return ASGI, _single_to_double(app)
    shape = ", ".join(p.name for p in parameters)
    raise NotAnApplicationError(
        f"{label} takes ({shape}); an ASGI application takes (scope, receive, send), "
        f"a WSGI one (environ, start_response)"
    )


def _single_to_double(app: Any) -> Any:
    """ASGI 2, `app(scope)(receive, send)`, as ASGI 3."""

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await app(scope)(receive, send)

    return asgi


def _is_a(value: Any, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)
