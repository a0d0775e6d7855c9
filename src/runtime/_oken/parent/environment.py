"""What a worker's environment holds: the container's, the secrets, and where servers are told to listen."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..spec import Spec

SECRETS_FILE = "/run/oken/secrets.json"
# Ours, never the agent's.
PRIVATE_VARIABLES = ("OKEN_SPEC", "OKEN_APP_DIR", "OKEN_INSTANCE", "OKEN_SECRETS_FILE")
# Read while a process starts, by the loader, the C library or the interpreter, and never again.
_READ_AT_START = (b"LD_", b"MALLOC_", b"GLIBC_", b"LC_", b"LANG", b"LOCPATH", b"TZ")


def is_read_at_start(environment: dict[bytes, bytes]) -> bool:
    """True when it changes a variable that is read only while a program starts."""
    return any(
        os.environb.get(name) != value
        for name, value in environment.items()
        if name.startswith(_READ_AT_START)
    )


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
    if prefix():
        # Gradio puts it before the addresses in its pages. It does not read the prefix of a request.
        values["GRADIO_ROOT_PATH"] = prefix()
    if spec.mode == "object":
        # Flask's own switch: `app.run()` at the top of a module then does nothing, since we serve `app`.
        values["FLASK_RUN_FROM_CLI"] = "true"
    return {
        name.encode(): value.encode() for name, value in values.items() if name.encode() not in os.environb
    }


def prefix() -> str:
    """The path below which callers find the agent, without that of a gateway; empty outside of a runner."""
    agent_id = os.environ.get("OKEN_AGENT_ID")
    return "/invoke/" + agent_id if agent_id else ""


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
            raise ValueError(f"the secret {name} holds a NUL; no environment variable can")
    return secrets
