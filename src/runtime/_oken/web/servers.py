"""Serves an application with the agent's own server if it ships one, else with ours.

Each function blocks until SIGTERM has stopped the server.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import signal
import sys

from ..agent.failures import StartupError
from ..listening import BACKLOG
from . import lifespans
from .applications import AIOHTTP, ASGI, GRADIO, TORNADO, WSGI

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from types import FrameType
    from typing import Any, Callable

# The name of ours.
OWN = "oken"
# Those that run each request in a task of the loop on the main thread.
WATCHED = (OWN, "uvicorn", "hypercorn")
HOST = "0.0.0.0"
# Of the ten seconds between SIGTERM and SIGKILL.
GRACEFUL_SECONDS = 8
# The runner keeps connections open for reuse; closing them first would race with its next request.
IDLE_SECONDS = 900

# Either is what uvicorn needs for WebSockets.
_WEBSOCKET_LIBRARIES = ("websockets", "wsproto")


def choose(interface: str) -> tuple[str, Callable[[Any, socket.socket, int], None]]:
    """The server's name for the state, and the function that serves (application, bound socket, threads)."""
    if interface == AIOHTTP:
        return "aiohttp", _aiohttp
    if interface == TORNADO:
        return "tornado", _tornado
    if interface == GRADIO:
        return "gradio", _gradio
    for name, serves, serve in _INSTALLED:
        if interface in serves and _is_installed(name) and not _lacks_websockets(name):
            return name, serve
    return OWN, _oken_wsgi if interface == WSGI else _oken_asgi


def _lacks_websockets(server: str) -> bool:
    """Whether it would refuse the WebSockets that ours can serve."""
    if server == "uvicorn":
        return not any(_is_installed(library) for library in _WEBSOCKET_LIBRARIES)
    # It gives nobody the socket.
    return server == "waitress" and _is_installed("simple_websocket")


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _oken_asgi(app: Any, door: socket.socket, threads: int) -> None:
    from . import asgi_server, uvicorn_parts

    asgi_server.serve(uvicorn_parts.Config(app, hands_over=False), door)


def _oken_wsgi(app: Any, door: socket.socket, threads: int) -> None:
    """`app` is the WSGI application as an ASGI one."""
    from . import asgi_server, uvicorn_parts

    asgi_server.serve(uvicorn_parts.Config(app, hands_over=True), door)


def _uvicorn(app: Any, door: socket.socket, threads: int) -> None:
    import uvicorn

    wanted = {
        # The agent's own logging stays as it is, and the runner keeps the access log.
        "log_config": None,
        "access_log": False,
        "interface": "asgi3",
        "timeout_graceful_shutdown": GRACEFUL_SECONDS,
        "timeout_keep_alive": IDLE_SECONDS,
        "backlog": BACKLOG,
    }
    known = inspect.signature(uvicorn.Config).parameters
    config = uvicorn.Config(app, **{name: value for name, value in wanted.items() if name in known})
    server = uvicorn.Server(config)
    server.run(sockets=[door])
    if not getattr(server, "started", True):
        raise StartupError(lifespans.failure() or "")


def _hypercorn(app: Any, door: socket.socket, threads: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{door.detach()}"]
    config.graceful_timeout = GRACEFUL_SECONDS
    config.keep_alive_timeout = IDLE_SECONDS
    config.backlog = BACKLOG
    config.accesslog = None
    config.loglevel = "WARNING"
    asyncio.run(serve(app, config))


def _gunicorn(app: Any, door: socket.socket, threads: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options = {
                "bind": f"fd://{door.detach()}",
                "workers": 1,
                "worker_class": "gthread",
                "threads": threads,
                "timeout": 0,
                "keepalive": IDLE_SECONDS,
                "backlog": BACKLOG,
                "graceful_timeout": GRACEFUL_SECONDS,
                "worker_tmp_dir": "/tmp",
                "loglevel": "warning",
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    Application().run()


def _waitress(app: Any, door: socket.socket, threads: int) -> None:
    import waitress

    # It has no handler of its own, but closes in order when it is left by SystemExit.
    signal.signal(signal.SIGTERM, _exit_on_signal)
    options = {"threads": threads, "channel_timeout": IDLE_SECONDS, "backlog": BACKLOG}
    if hasattr(waitress.adjustments.Adjustments, "clear_untrusted_proxy_headers"):
        # They are the runner's.
        options["clear_untrusted_proxy_headers"] = False
    waitress.serve(app, sockets=[door], **options)


def _aiohttp(app: Any, door: socket.socket, threads: int) -> None:
    from aiohttp import web

    wanted = {"print": None, "access_log": None, "keepalive_timeout": IDLE_SECONDS, "backlog": BACKLOG}
    known = inspect.signature(web.run_app).parameters
    web.run_app(app, sock=door, **{name: value for name, value in wanted.items() if name in known})


def _tornado(app: Any, door: socket.socket, threads: int) -> None:
    from tornado import httpserver

    async def main() -> None:
        stopping = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
        door.listen(BACKLOG)
        httpserver.HTTPServer(app).add_sockets([door])
        await stopping.wait()

    asyncio.run(main())


def _gradio(app: Any, door: socket.socket, threads: int) -> None:
    signal.signal(signal.SIGTERM, _exit_on_signal)
    # It takes the port by itself, and none that another socket holds in this process.
    port = door.getsockname()[1]
    door.close()
    app.launch(server_name=HOST, server_port=port, quiet=True, share=False, inbrowser=False)


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


_INSTALLED: tuple[tuple[str, tuple[str, ...], Callable[[Any, socket.socket, int], None]], ...] = (
    ("uvicorn", (ASGI,), _uvicorn),
    ("hypercorn", (ASGI,), _hypercorn),
    ("gunicorn", (WSGI,), _gunicorn),
    ("waitress", (WSGI,), _waitress),
)
