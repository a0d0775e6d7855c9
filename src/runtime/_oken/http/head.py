"""The head of an HTTP/1.1 request (RFC 9112): its request line and headers, read strictly.

Whatever two servers could read in two ways is refused, since the runner is a proxy in front of us:
differing lengths, bare line feeds, folded headers, spaces before a colon.
"""

from __future__ import annotations

MAX_TARGET_BYTES = 16 * 1024
MAX_HEADERS = 200

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
CONTROL = bytes(byte for byte in range(32) if byte != 9) + b"\x7f"
_SINGLE = frozenset((b"content-length", b"host", b"transfer-encoding", b"content-type", b"expect"))


class HttpError(Exception):
    """The request itself is wrong; the connection is closed after the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Request:
    __slots__ = ("body", "head", "headers", "keep_alive", "method", "path", "query")

    def __init__(self, method: bytes, target: bytes, headers: dict[bytes, bytes], head: bytes) -> None:
        self.method = method
        self.path, _, self.query = target.partition(b"?")
        self.headers = headers
        # The header lines as they came, for the worker to read lazily.
        self.head = head
        self.keep_alive = True
        self.body = b""


def parse_head(head: bytes) -> Request:
    """Parses request line and headers; names come out in lower case, repeated ones joined by commas."""
    first, _, rest = head.partition(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3:
        raise HttpError(400, "the request line is not `METHOD target HTTP/1.1`")
    method, target, version = parts
    if len(target) > MAX_TARGET_BYTES:
        raise HttpError(414, f"the request target is over {MAX_TARGET_BYTES} bytes")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        if version[:5] == b"HTTP/":
            raise HttpError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        raise HttpError(400, "the request line is not `METHOD target HTTP/1.1`")
    if not method or method.translate(None, TOKEN):
        raise HttpError(400, "the method is not a token")
    if not target or target.translate(None, CONTROL) != target:
        raise HttpError(400, "the request target is not valid")
    headers = parse_headers(rest)
    request = Request(method, target, headers, rest)
    connection = headers.get(b"connection")
    if version == b"HTTP/1.1":
        if b"host" not in headers:
            raise HttpError(400, "the Host header is missing")
        request.keep_alive = connection is None or b"close" not in connection.lower()
    else:
        if b"transfer-encoding" in headers:
            raise HttpError(400, "HTTP/1.0 has no Transfer-Encoding")
        request.keep_alive = connection is not None and b"keep-alive" in connection.lower()
    return request


def parse_headers(block: bytes) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    if not block:
        return headers
    lines = block.split(b"\r\n")
    if len(lines) > MAX_HEADERS:
        raise HttpError(431, f"there are over {MAX_HEADERS} headers")
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name.translate(None, TOKEN):
            raise HttpError(400, "a header line is not `Name: value`")
        name = name.lower()
        value = value.strip(b" \t")
        if value.translate(None, CONTROL) != value:
            raise HttpError(400, "a header's value holds a control character")
        if name in headers:
            if name in _SINGLE:
                raise HttpError(400, f"the header {name.decode('ascii')} is given twice")
            value = headers[name] + b", " + value
        headers[name] = value
    return headers
