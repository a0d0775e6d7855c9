"""The worker process: takes its settings from the parent, imports the agent, serves it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import types

from . import frames
from .agent import imports, whereabouts
from .cancel_signal import CANCEL_SIGNAL
from .output import capture
from .spec import Spec


def main(channel_descriptor: int, log_descriptor: int, door_descriptor: int) -> None:
    """Runs until the parent says so or is gone."""
    channel = socket.socket(fileno=channel_descriptor)
    channel.set_inheritable(False)
    settings = json.loads(_read_frame(channel))
    spec = Spec(settings["spec"], settings["app_dir"], settings["instance"])
    # There is nothing to cancel before an executor runs.
    signal.signal(CANCEL_SIGNAL, whereabouts.teller(channel, spec.app_dir))
    # A forked child that keeps the channel open would hide this process's end from the parent.
    os.register_at_fork(after_in_child=channel.close)
    streams = capture.install(log_descriptor)
    _become_the_agents(spec)
    paths = imports.user_paths(spec.app_dir, spec.root)
    beside = os.path.dirname(os.path.join(spec.app_dir, spec.file))
    try:
        os.chdir(spec.app_dir)
    except OSError:
        pass
    if spec.type == "http":
        from .web import serve as web

        imports.install(paths, beside)
        # Without one the agent's own program takes its port.
        door = socket.socket(fileno=door_descriptor) if door_descriptor >= 0 else None
        web.run(spec, channel, door)
    else:
        # Before the agent's paths, so that none of its modules is imported by these.
        from .calls import serve as serve_calls

        imports.install(paths, beside)
        serve_calls.run(spec, channel, streams)
    for stream in streams:
        stream.finish(None)


def _become_the_agents(spec: Spec) -> None:
    """Nothing of ours in `__main__`, which `multiprocessing` and `pickle` look at."""
    main_module = types.ModuleType("__main__")
    sys.modules["__main__"] = main_module
    sys.argv[:] = [os.path.join(spec.app_dir, spec.file)]


def _read_frame(channel: socket.socket) -> bytes:
    head = _read_exactly(channel, frames.HEADER.size)
    length, _kind, _number = frames.HEADER.unpack(head)
    return _read_exactly(channel, length)


def _read_exactly(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = channel.recv(size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data
