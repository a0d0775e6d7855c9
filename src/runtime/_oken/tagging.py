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
        if scope["type"] != "lifespan":
            for name, value in scope.get("headers", ()):
                if name == b"x-request-id":
                    # The server runs each request in a task of its own: nothing is to be reset.
                    CURRENT.set(_named(value.decode("latin-1")))
                    break
        await app(scope, receive, send)

    return asgi


def _tag_wsgi(app: Any) -> Any:
    def wsgi(environ: Any, start_response: Any) -> Any:
        request_id = environ.get("HTTP_X_REQUEST_ID")
        # Threads are used again, so the last request's name goes even when this one has none.
        CURRENT.set(_named(request_id) if request_id else None)
        return app(environ, start_response)

    return wsgi


def _named(request_id: str) -> Request:
    # Its own number, so that unfinished lines of two requests are not joined.
    request = Request(0, 0, 0, request_id[:MAX_REQUEST_ID_CHARACTERS], b"", b"")
    request.number = id(request)
    return request
