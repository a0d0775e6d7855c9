"""Servers of the Model Context Protocol: the ASGI application of the object that an author writes."""

from __future__ import annotations

from ..agent.signatures import signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# FastMCP is the class of the package fastmcp and of the SDK's version 1, MCPServer that of version 2.
_CLASSES = ("FastMCP", "MCPServer")
_FACTORIES = ("http_app", "streamable_http_app")
# The hosts that the SDK allows by default, for a server on localhost.
_LOCAL_HOSTS = {"127.0.0.1:*", "localhost:*", "[::1]:*"}


def is_mcp_server(value: Any) -> bool:
    named = any(kind.__name__ in _CLASSES for kind in type(value).__mro__)
    return named and any(callable(getattr(value, name, None)) for name in _FACTORIES)


def application_of(server: Any) -> Any:
    """Its ASGI application for streamable HTTP."""
    make = next(getattr(server, name) for name in _FACTORIES if hasattr(server, name))
    if "host" in signature(make).parameters:
        return make(host="0.0.0.0")
    return make()


def allow_any_host(module: Any) -> None:
    """Changes the SDK's module that compares `Host`: it would refuse every name but localhost's.

    A list that the author gave it stays.
    """
    middleware = module.TransportSecurityMiddleware
    begin = middleware.__init__

    def begin_for_any(self: Any, settings: Any = None) -> None:
        is_default = set(getattr(settings, "allowed_hosts", ())) == _LOCAL_HOSTS
        begin(self, None if is_default else settings)

    middleware.__init__ = begin_for_any
