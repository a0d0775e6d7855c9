"""What comes before a WSGI application in the agent's own server: as `asgi_entry` has it for ASGI."""

from __future__ import annotations

from ..agent.request import CURRENT
from ..http import instance
from . import forwarded, tagging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..spec import Spec

INSTANCE_VARIABLE = "HTTP_" + instance.INSTANCE_HEADER.decode().upper().replace("-", "_")


def guard(app: Any, spec: Spec) -> Any:
    """The application inside one that looks at each request first."""
    own_name = spec.instance.encode()

    def wsgi(environ: Any, start_response: Any) -> Any:
        # A thread is used again: the id of its last request goes even when this one has none.
        before = CURRENT.get()
        if before is not None:
            before.close_outputs()
        wanted = environ.pop(INSTANCE_VARIABLE, None)
        if wanted is not None and instance.is_for_another(own_name, wanted.encode("latin-1")):
            body = instance.refusal()
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
            start_response(f"{instance.MISDIRECTED} Misdirected Request", headers)
            return [body]
        forwarded.to_environ(environ)
        CURRENT.set(tagging.named(environ.get("HTTP_X_REQUEST_ID")))
        return app(environ, start_response)

    return wsgi
