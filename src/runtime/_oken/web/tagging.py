"""Names the request in the log lines of a web application, by the `X-Request-Id` that the runner sends."""

from __future__ import annotations

import sys

from ..agent import failures
from ..agent.request import CURRENT, Request
from .applications import ASGI, WSGI

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_REQUEST_ID_CHARACTERS = 200


def tag(app: Any, interface: str, app_dir: str) -> Any:
    """The application inside one that sets the current request; neither ASGI nor WSGI: as it is."""
    if interface == ASGI:
        return _tag_asgi(app, app_dir)
    return _tag_wsgi(app) if interface == WSGI else app


def _tag_asgi(app: Any, app_dir: str) -> Any:
    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        complete = False

        async def send_on(message: Any) -> None:
            nonlocal complete
            await send(message)
            complete = message["type"] == "http.response.body" and not message.get("more_body")

        request = _named(_request_id(scope))
        # The server runs each request in a task of its own, so nothing needs to be reset.
        CURRENT.set(request)
        try:
            await app(scope, receive, send_on)
        except Exception as error:
            # Starlette answers 500 and then raises, and uvicorn closes the connection for it: the runner's
            # next request, already on its way there, would be lost.
            if not complete:
                raise
            sys.stderr.write(failures.trimmed(error, app_dir) + "\n")
        finally:
            if request is not None:
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
        # A thread is used again: the id of its last request goes even when this one has none.
        before = CURRENT.get()
        if before is not None:
            before.close_outputs()
        CURRENT.set(_named(request_id))
        return app(environ, start_response)

    return wsgi


def _named(request_id: str | None) -> Request | None:
    if not request_id:
        return None
    # Its own number, so that unfinished lines of two requests are not joined.
    request = Request(0, 0, 0, request_id[:MAX_REQUEST_ID_CHARACTERS], b"", b"")
    request.number = id(request)
    return request
