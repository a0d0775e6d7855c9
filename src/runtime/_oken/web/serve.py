"""The worker of an http agent: its application object in a server, or its own program."""

from __future__ import annotations

import os
import signal
import sys

from ..agent import failures, green_threads
from ..agent.report import report_failure, report_ready
from ..agent.target import resolve
from ..cancel_signal import CANCEL_SIGNAL
from ..listening import descriptor_of
from . import applications, entry, error_logs, lifespans, lookout, patches, servers
from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from ..spec import Spec


def run(spec: Spec, channel: socket.socket, door: socket.socket | None) -> None:
    """Serves until SIGTERM. The parent looks at the port to see when it answers."""
    watch = Watch(spec)
    lookout.start(channel, watch, descriptor_of(door))
    patches.install()
    error_logs.install(spec.app_dir)
    if door is None:
        run_script(spec, channel)
        return
    try:
        value = resolve(spec)
        green_threads.refuse(spec.app_dir)
        interface, app = applications.classify(value, spec.label())
        name, serve = servers.choose(interface)
        guarded = entry.guard(app, interface, name, spec, watch)
    except BaseException as error:
        report_failure(channel, green_threads.cause(error, spec.app_dir), spec)
        return
    signal.signal(CANCEL_SIGNAL, watch.on_signal)
    watched = name in servers.WATCHED
    report_ready(channel, callable=spec.label(), kind=interface, server=name, watched=watched)
    try:
        serve(guarded, door, spec.threads)
    except BaseException as error:
        if isinstance(error, SystemExit) and not error.code:
            return
        report_failure(channel, error, spec)


def run_script(spec: Spec, channel: socket.socket) -> None:
    """Runs the agent's file as `__main__`, as `python main.py` would, or its framework's own command."""
    path = os.path.join(spec.app_dir, spec.file)
    main_module = sys.modules["__main__"]
    main_module.__file__ = path
    # Python's own default, for a program that has no handler.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    report_ready(channel, callable=spec.label(), kind="script")
    try:
        if spec.command:
            _run_command(spec.command, spec.port)
            return
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec")
        exec(code, main_module.__dict__)
    except SystemExit as error:
        said = lifespans.failure()
        if error.code and said is not None:
            report_failure(channel, failures.StartupError(said), spec)
        elif isinstance(error.code, str):
            # Python prints it, and the code is 1: the text says more.
            sys.stderr.write(error.code + "\n")
            report_failure(channel, error, spec)
        else:
            raise
    except BaseException as error:
        sys.stderr.write(failures.trimmed(error, spec.app_dir) + "\n")
        report_failure(channel, error, spec)


def _run_command(command: list[str], port: int) -> None:
    """`-m streamlit run main.py`, in this process, so that its output and its end are seen as the agent's."""
    import runpy

    option, module, *arguments = (word.replace("$PORT", str(port)) for word in command)
    if option != "-m":
        raise ValueError(f"the command begins with {option}, not with -m")
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
