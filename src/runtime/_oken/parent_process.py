"""The parent process: speaks HTTP to the runner from its first tenth of a second, never imports user code."""

from __future__ import annotations

import json
import os
import sys

from . import frames
from .listening import listen
from .parent.spawn import WorkerEnds, first_worker
from .spec import Spec

DEFAULT_APP_DIR = "/app"


def main(main_file: str) -> tuple[int, int] | None:
    """Listens, starts the worker, then loads what is slow; ends with the process.

    Returns only in the worker, with the descriptors of its channel and its log.
    """
    raw = json.loads(os.environ["OKEN_SPEC"])
    instance = os.environ.get("OKEN_INSTANCE") or ""
    spec = Spec(raw, os.environ.get("OKEN_APP_DIR") or DEFAULT_APP_DIR, instance)
    listener = listen(spec.control_port)
    settings = {"spec": raw, "app_dir": spec.app_dir, "instance": instance}
    config = frames.frame(frames.CONFIG, 0, json.dumps(settings).encode())
    failure = ""
    spawned = None
    try:
        # Before the slow imports, so that both processes load at the same time.
        spawned = first_worker(main_file, spec, config)
    except (OSError, ValueError) as error:
        failure = f"the agent's process could not be started: {error}"
    if isinstance(spawned, WorkerEnds):
        listener.close()
        return spawned.channel.detach(), spawned.logs.detach()

    # TLS is never spoken here: without it asyncio is half as big and loads in half the time.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    from .parent.serve import serve

    serve(spec, listener, spawned, failure, main_file, config)
    return None
