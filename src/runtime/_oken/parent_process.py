"""The parent process: speaks HTTP to the runner from its first tenth of a second, never imports user code."""

from __future__ import annotations

import json
import os
import sys

from . import frames
from .listening import bind, listen
from .parent.guard import guard_parent
from .parent.spawn import Launch, WorkerEnds, first_worker
from .spec import Spec

DEFAULT_APP_DIR = "/app"


def main(main_file: str, python: str) -> tuple[int, int, int] | None:
    """Listens, starts the worker, then loads what is slow; ends with the process.

    Returns only in the worker, with the descriptors of its channel, its log and its port.
    """
    guard_parent()
    raw = json.loads(os.environ["OKEN_SPEC"])
    instance = os.environ.get("OKEN_INSTANCE") or ""
    spec = Spec(raw, os.environ.get("OKEN_APP_DIR") or DEFAULT_APP_DIR, instance)
    listener = listen(spec.control_port)
    # Held through every replacement of the worker. An agent's own program takes its port by itself.
    door = bind(spec.port) if spec.type == "http" and spec.mode == "object" else None
    settings = {"spec": raw, "app_dir": spec.app_dir, "instance": instance}
    config = frames.frame(frames.CONFIG, 0, json.dumps(settings).encode())
    launch = Launch([python, "-I", main_file], spec, config, door)
    failure = ""
    spawned = None
    try:
        # Before the slow imports, so that both processes load at the same time.
        spawned = first_worker(launch)
    except (OSError, ValueError) as error:
        failure = f"the agent's process could not be started: {error}"
    if isinstance(spawned, WorkerEnds):
        listener.close()
        descriptor = -1 if door is None else door.detach()
        return spawned.channel.detach(), spawned.logs.detach(), descriptor

    # TLS is never spoken here: without it asyncio is half as big and loads in half the time.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    from .parent.serve import serve

    serve(launch, listener, spawned, failure)
    return None
