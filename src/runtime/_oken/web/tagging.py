"""Names the request in the log lines of a web application, by the `X-Request-Id` that the runner sends."""

from __future__ import annotations

from ..agent.request import Request

MAX_REQUEST_ID_CHARACTERS = 200


def named(request_id: str | None) -> Request | None:
    """The current request, for the log; None without an id."""
    if not request_id:
        return None
    # Its own number, so that unfinished lines of two requests are not joined.
    request = Request(0, 0, 0, request_id[:MAX_REQUEST_ID_CHARACTERS], b"", b"")
    request.number = id(request)
    return request
