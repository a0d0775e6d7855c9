"""Names the request in the log lines of a web application, by the `X-Request-Id` that the runner sends."""

from __future__ import annotations

from .applications import ASGI, WSGI
from .request import CURRENT, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_REQUEST_ID_CHARACTERS = 200


def tag(app: Any, interface: str) -> Any:
    """The application inside one that sets the current request; others than ASGI and WSGI as they are."""
    if interface == ASGI:
        return _tag_asgi(app)
    return _tag_wsgi(app) if interface == WSGI else app


def _tag_asgi(app: Any) -> Any:
    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        request_id = None if scope["type"] == "lifespan" else _request_id(scope)
        if not request_id:
            await app(scope, receive, send)
            return
        request = _named(request_id)
        # The server runs each request in a task of its own: nothing is to be reset.
        CURRENT.set(request)
        try:
            await app(scope, receive, send)
        finally:
            request.close_outputs()

    return asgi


def _request_id(scope: Any) -> str | None:
    for name, value in scope.get("headers", ()):
        if name == b"x-request-id":
            found: str = value.decode("latin-1")
            return found
    return None


def _tag_wsgi(app: Any) -> Any:
    def wsgi(environ: Any, start_response: Any) -> Any:
        request_id = environ.get("HTTP_X_REQUEST_ID")
        # Threads are used again, so the last request's name goes even when this one has none.
        before = CURRENT.get()
        if before is not None:
            before.close_outputs()
        CURRENT.set(_named(request_id) if request_id else None)
        return app(environ, start_response)

    return wsgi


def _named(request_id: str) -> Request:
    # Its own number, so that unfinished lines of two requests are not joined.
    request = Request(0, 0, 0, request_id[:MAX_REQUEST_ID_CHARACTERS], b"", b"")
    request.number = id(request)
    return request
