"""What is written to the runner: status lines, errors as JSON, and the frames of a stream."""

from __future__ import annotations

import json

from ..frames import AS_NDJSON, AS_SSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INVOKE_FAILED = "INVOKE_FAILED"
TIMED_OUT = 504

REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    417: "Expectation Failed",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}

CONTENT_TYPES = {
    AS_SSE: b"text/event-stream; charset=utf-8",
    AS_NDJSON: b"application/x-ndjson; charset=utf-8",
}

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
# A comment: proxies on the way cut a connection that is silent.
SSE_KEEPALIVE = b": keep-alive\n\n"

_OK_JSON = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: %b\r\nContent-Length: %d\r\n\r\n"
)


def error_body(code: str, message: str, details: dict[str, Any] | None = None) -> bytes:
    body: dict[str, Any] = {"error": message, "code": code}
    if details:
        body["details"] = details
    return json.dumps(body).encode("ascii")


def timed_out(seconds: float) -> bytes:
    message = f"The agent did not answer within {seconds:g} s: raise `timeout` in oken.toml if it needs more."
    return error_body(INVOKE_FAILED, message, {"reason": "timeout"})


def process_ended(how: str, reason: str | None = None) -> bytes:
    """For a request whose process is gone."""
    details = {"reason": reason or "exited", "exit": how}
    todo = " Raise `memory` in oken.toml." if reason == "oom" else ""
    return error_body(INVOKE_FAILED, f"The agent's process {how} while it had this request.{todo}", details)


def ok(request_id: bytes, length: int) -> bytes:
    """The head of the usual answer, on a connection that stays open."""
    return _OK_JSON % (request_id, length)


def head(
    status: int,
    content_type: bytes,
    *,
    length: int | None,
    keep_alive: bool,
    request_id: bytes = b"",
    extra: bytes = b"",
) -> bytes:
    """A response's head; without a length the body is chunked, or ends with the connection."""
    lines = [
        b"HTTP/1.1 %d %b" % (status, REASONS.get(status, "Error").encode()),
        b"Content-Type: " + content_type,
    ]
    if request_id:
        lines.append(b"X-Request-Id: " + request_id)
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    elif keep_alive:
        lines.append(b"Transfer-Encoding: chunked")
    if length is None:
        lines.append(b"Cache-Control: no-store")
        lines.append(b"X-Accel-Buffering: no")
    if not keep_alive:
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n" + extra + b"\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream_item(form: int, number: int, payload: bytes) -> bytes:
    if form == AS_SSE:
        return b"id: %d\nevent: data\ndata: %b\n\n" % (number, payload)
    return payload + b"\n"


def stream_done(form: int, count: int) -> bytes:
    if form == AS_SSE:
        return b'id: %d\nevent: done\ndata: {"items":%d}\n\n' % (count + 1, count)
    return b""


def stream_error(form: int, count: int, body: bytes) -> bytes:
    if form == AS_SSE:
        return b"id: %d\nevent: error\ndata: %b\n\n" % (count + 1, body)
    return body + b"\n"
