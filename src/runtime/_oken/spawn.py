"""Starts the worker process with its secrets; imports nothing slow, since it runs before all else."""

from __future__ import annotations

import json
import os
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .spec import Spec

SECRETS_FILE = "/run/oken/secrets.json"
# Ours, never the agent's.
PRIVATE_VARIABLES = ("OKEN_SPEC", "OKEN_APP_DIR", "OKEN_SECRETS_FILE")


class Spawned:
    """A worker just started: its process, the frames' socket, the log socket and its two output pipes."""

    __slots__ = ("channel", "logs", "pid", "stderr", "stdout")

    def __init__(
        self, pid: int, channel: socket.socket, logs: socket.socket, stdout: int, stderr: int
    ) -> None:
        self.pid = pid
        self.channel = channel
        self.logs = logs
        self.stdout = stdout
        self.stderr = stderr

    def close(self) -> None:
        self.channel.close()
        self.logs.close()
        os.close(self.stdout)
        os.close(self.stderr)


def spawn_worker(main_file: str, spec: Spec, config: bytes) -> Spawned:
    """Starts a worker in a process group of its own and writes its first frame.

    Raises OSError when no process can be made, ValueError when the secrets cannot be an environment.
    """
    environment = worker_environment(spec)
    channel, worker_channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    # Whole messages, also when forked children of the agent write to it at the same time.
    logs, worker_logs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stdout, worker_stdout = os.pipe()
    stderr, worker_stderr = os.pipe()
    try:
        for end in (worker_channel, worker_logs):
            end.set_inheritable(True)
        channel.sendall(config)
        for end in (channel, logs):
            end.setblocking(False)
        for pipe in (stdout, stderr):
            os.set_blocking(pipe, False)
        pid = os.posix_spawn(
            sys.executable,
            [
                sys.executable,
                "-I",
                main_file,
                "--worker",
                str(worker_channel.fileno()),
                str(worker_logs.fileno()),
            ],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, worker_stdout, 1),
                (os.POSIX_SPAWN_DUP2, worker_stderr, 2),
            ],
            setpgroup=0,
            setsigmask=(),
        )
    except BaseException:
        Spawned(0, channel, logs, stdout, stderr).close()
        raise
    finally:
        worker_channel.close()
        worker_logs.close()
        os.close(worker_stdout)
        os.close(worker_stderr)
    return Spawned(pid, channel, logs, stdout, stderr)


def worker_environment(spec: Spec) -> dict[bytes, bytes]:
    """The agent's environment: the container's without our own variables, with the secrets on top."""
    environment = dict(os.environb)
    for name in PRIVATE_VARIABLES:
        environment.pop(name.encode(), None)
    if spec.type == "http":
        environment.update(server_environment(spec))
    for name, value in spec.env.items():
        environment[name.encode("utf-8")] = value.encode("utf-8")
    for name, value in read_secrets().items():
        environment[name.encode("utf-8")] = value.encode("utf-8")
    return environment


def server_environment(spec: Spec) -> dict[bytes, bytes]:
    """What the usual servers read to learn where to listen, for programs that start their own."""
    port = str(spec.port)
    values = {
        "PORT": port,
        "HOST": "0.0.0.0",
        "UVICORN_HOST": "0.0.0.0",
        "UVICORN_PORT": port,
        "FLASK_RUN_HOST": "0.0.0.0",
        "FLASK_RUN_PORT": port,
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": port,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
        "STREAMLIT_SERVER_PORT": port,
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        "CHAINLIT_HOST": "0.0.0.0",
        "CHAINLIT_PORT": port,
        "GRANIAN_HOST": "0.0.0.0",
        "GRANIAN_PORT": port,
        "FASTMCP_HOST": "0.0.0.0",
        "FASTMCP_PORT": port,
        "GUNICORN_CMD_ARGS": "--bind=0.0.0.0:" + port,
    }
    if spec.mode == "object":
        # Flask's own switch: `app.run()` at the top of a module then does nothing, since we serve `app`.
        values["FLASK_RUN_FROM_CLI"] = "true"
    return {
        name.encode(): value.encode() for name, value in values.items() if name.encode() not in os.environb
    }


def read_secrets() -> dict[str, str]:
    path = os.environ.get("OKEN_SECRETS_FILE") or SECRETS_FILE
    try:
        with open(path, "rb") as file:
            secrets = json.loads(file.read().decode("utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(secrets, dict):
        raise ValueError("the secrets are not a JSON object")
    for name, value in secrets.items():
        if not isinstance(value, str):
            raise ValueError(f"the secret {name} is not a string")
        if not name or "=" in name or "\0" in name:
            raise ValueError(f"{name!r} cannot be the name of an environment variable")
        if "\0" in value:
            raise ValueError(f"the secret {name} holds a NUL, which no environment variable can")
    return secrets
