"""The parent's HTTP side: `GET /health` and `POST /invoke`, and what all connections share."""

from __future__ import annotations

import os

from ..frames import AS_JSON
from ..http.connection import Connection
from ..http.instance import CODE, INSTANCE_HEADER, MESSAGE, MISDIRECTED, is_for_another
from ..http.invocation import Invocation
from ..http.negotiate import answer_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio

    from ..http.head import Request
    from ..http.response import Response
    from ..spec import Spec
    from .supervisor import Supervisor

SWEEP_SECONDS = 2.0
MAX_REQUEST_ID_BYTES = 200
# With the word that nothing is answered, when something still speaks for the agent.
MUST_ASK_HEADER = b"x-oken-must-ask"
# Longest that a probe may ask to wait.
MAX_WAIT_SECONDS = 10

_VISIBLE = bytes(range(33, 127))


class Control:
    """Answers requests; also closes connections that stall."""

    def __init__(self, loop: asyncio.AbstractEventLoop, supervisor: Supervisor, spec: Spec) -> None:
        self.loop = loop
        self.supervisor = supervisor
        self.connections: set[Connection] = set()
        self._spec = spec
        self._invokes = spec.type != "http"
        self._instance = spec.instance.encode()
        self._prefix = os.urandom(6).hex()
        self._count = 0
        self._doubting: asyncio.Task[None] | None = None
        loop.call_later(SWEEP_SECONDS, self._sweep)

    def connection(self) -> Connection:
        """For each that the listener accepts."""
        return Connection(self)

    def serve(self, connection: Connection, request: Request, response: Response) -> None:
        if is_for_another(self._instance, request.headers.get(INSTANCE_HEADER)):
            response.reply_error(MISDIRECTED, CODE, MESSAGE)
        elif request.path == b"/invoke" and self._invokes:
            if request.method == b"POST":
                self._invoke(connection, request, response)
            else:
                response.reply_error(405, "INVALID_REQUEST", "/invoke takes POST", b"Allow: POST\r\n")
        elif request.path == b"/health":
            if request.method in (b"GET", b"HEAD"):
                self._health(connection, response, _preferred_wait(request.headers.get(b"prefer")))
            else:
                response.reply_error(405, "INVALID_REQUEST", "/health takes GET", b"Allow: GET, HEAD\r\n")
        elif request.path == b"/unanswered" and request.method == b"POST" and not self._invokes:
            self._doubt(must_ask=MUST_ASK_HEADER in request.headers)
            response.reply(202, b"{}", b"")
        else:
            response.reply_error(404, "NOT_FOUND", "the runtime has only /health and /invoke")

    # What becomes of an invoke's connection.

    def abandon(self, invocation: Invocation) -> None:
        self.supervisor.requests.abandon(invocation)

    def pause(self, invocation: Invocation) -> None:
        self.supervisor.requests.pause(invocation)

    def resume(self, invocation: Invocation) -> None:
        self.supervisor.requests.resume(invocation)

    def close_idle(self) -> None:
        for connection in list(self.connections):
            connection.finish_and_close()

    def _health(self, connection: Connection, response: Response, wait: int) -> None:
        """Answers while the agent starts once it has, or after so many seconds."""
        health = self.supervisor.health
        if health.state != "starting" or wait == 0:
            response.reply(*health.answer(), b"")
            return

        def tell() -> None:
            timer.cancel()
            health.forget(tell)
            if connection in self.connections:
                response.reply(*health.answer(), b"")

        timer = self.loop.call_later(wait, tell)
        health.when_started(tell)

    def _doubt(self, *, must_ask: bool) -> None:
        """The runner says that nothing is answered. One look at a time."""
        # Handlers start without it.
        from . import outlook

        if self._doubting is None or self._doubting.done():
            doubt = outlook.doubt(self._spec, self.supervisor, must_ask=must_ask)
            self._doubting = self.loop.create_task(doubt)

    def _invoke(self, connection: Connection, request: Request, response: Response) -> None:
        headers = request.headers
        request_id = headers.get(b"x-request-id")
        if not request_id or len(request_id) > MAX_REQUEST_ID_BYTES or request_id.translate(None, _VISIBLE):
            request_id = self._make_request_id()
        accept = headers.get(b"accept")
        form = AS_JSON if accept is None else answer_form(accept)
        invocation = Invocation(response, request, request_id, form)
        invocation.timeout = _seconds(headers.get(b"x-oken-timeout-ms"), invocation.timeout)
        invocation.queue_timeout = _seconds(headers.get(b"x-oken-queue-timeout-ms"), invocation.queue_timeout)
        connection.invocation = invocation
        self.supervisor.requests.submit(invocation)

    def _make_request_id(self) -> bytes:
        self._count += 1
        return b"%b-%d" % (self._prefix.encode(), self._count)

    def _sweep(self) -> None:
        now = self.loop.time()
        for connection in list(self.connections):
            connection.check(now)
        self.loop.call_later(SWEEP_SECONDS, self._sweep)


def _preferred_wait(prefer: bytes | None) -> int:
    """Seconds of `Prefer: wait=N` (RFC 7240, section 4.3); 0 without it."""
    if prefer is None or not prefer.startswith(b"wait=") or not prefer[5:].isdigit():
        return 0
    return min(int(prefer[5:9]), MAX_WAIT_SECONDS)


def _seconds(milliseconds: bytes | None, default: float) -> float:
    if milliseconds is None or not milliseconds.isdigit() or len(milliseconds) > 10:
        return default
    return int(milliseconds) / 1000
