"""What the runner wants served: the JSON of `OKEN_SPEC`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_TIMEOUT_SECONDS = 300.0
DEFAULT_CONCURRENCY = 10
MIN_THREADS = 4


class Spec:
    """The settings of one instance; see `src/model/entrypoint.ts` for what the first nine mean."""

    __slots__ = (
        "app_dir",
        "attr",
        "command",
        "concurrency",
        "control_port",
        "env",
        "factory",
        "file",
        "health_path",
        "instance",
        "log_rate",
        "mode",
        "module",
        "port",
        "redact_logs",
        "root",
        "threads",
        "timeout",
        "type",
    )

    def __init__(self, raw: dict[str, Any], app_dir: str, instance: str = "") -> None:
        self.type: str = raw.get("type") or "handler"
        self.mode: str = raw.get("mode") or "object"
        self.file: str = raw.get("file") or "main.py"
        self.module: str = raw.get("module") or "main"
        self.root: str = raw.get("root") or ""
        self.attr: str | None = raw.get("attr")
        self.factory: bool = bool(raw.get("factory"))
        self.command: list[str] | None = raw.get("command")
        self.env: dict[str, str] = raw.get("env") or {}
        self.port: int = int(raw.get("port") or 8080)
        self.control_port: int = int(raw.get("control_port") or self.port)
        self.health_path: str = raw.get("health_path") or "/health"
        self.concurrency: int = max(1, int(raw.get("concurrency") or DEFAULT_CONCURRENCY))
        self.timeout: float = float(raw.get("timeout") or DEFAULT_TIMEOUT_SECONDS)
        self.redact_logs: bool = bool(raw.get("redact_logs"))
        # Bytes a second of its log; 0 for any number.
        self.log_rate: int = int(raw.get("log_rate") or 0)
        self.app_dir = app_dir
        # For a server that runs each request on a thread.
        self.threads = max(self.concurrency, MIN_THREADS)
        # Its name in the requests that are for it; empty when it takes all.
        self.instance = instance

    def label(self) -> str:
        """How messages name the entrypoint: `main:handler` or `main.py`."""
        if self.mode == "script" or not self.attr:
            return self.file
        return self.module + ":" + self.attr + ("()" if self.factory else "")
