"""What comes before an ASGI application: it sees only requests that are for it, as they look from outside."""

from __future__ import annotations

import sys

from ..agent import failures
from ..agent.request import CURRENT
from ..http import instance
from . import forwarded, tagging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..spec import Spec

REQUEST_ID = b"x-request-id"
WEBSOCKET_ANSWER = "websocket.http.response"
_FROM_RUNNER = frozenset(
    (
        REQUEST_ID,
        instance.INSTANCE_HEADER,
        forwarded.FOR,
        forwarded.HOST,
        forwarded.PREFIX,
        forwarded.PROTO,
    )
)


def guard(app: Any, spec: Spec) -> Any:
    """The application inside one that looks at each request first."""
    own_name = spec.instance.encode()
    app_dir = spec.app_dir
    starlette = sys.modules.get("starlette")
    path_has_prefix = starlette is None or forwarded.starlette_wants_prefix(starlette.__version__)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        told = {name: value for name, value in scope["headers"] if name in _FROM_RUNNER}
        if instance.INSTANCE_HEADER in told:
            if instance.is_for_another(own_name, told[instance.INSTANCE_HEADER]):
                await _refuse(scope, send)
                return
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != instance.INSTANCE_HEADER]
        forwarded.to_scope(scope, told, path_has_prefix=path_has_prefix)
        request = tagging.named(told.get(REQUEST_ID, b"").decode("latin-1"))
        # The server runs each request in a task of its own, so nothing needs to be reset.
        CURRENT.set(request)
        complete = False

        async def send_on(message: Any) -> None:
            nonlocal complete
            await send(message)
            complete = message["type"] == "http.response.body" and not message.get("more_body")

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


async def _refuse(scope: Any, send: Any) -> None:
    kind = "http.response"
    if scope["type"] == "websocket":
        if WEBSOCKET_ANSWER not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})
            return
        kind = WEBSOCKET_ANSWER
    body = instance.refusal()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": kind + ".start", "status": instance.MISDIRECTED, "headers": headers})
    await send({"type": kind + ".body", "body": body})
