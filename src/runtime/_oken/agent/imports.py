"""Imports the agent's modules, also those that are named like modules of the standard library.

An agent may have a file `queue.py`. Its own `import queue` then means that file, as with plain Python;
the standard library's, its dependencies' and ours still mean the standard library's. Plain Python gives
the file to all of them, and `concurrent.futures` fails at its first use.
"""

from __future__ import annotations

import builtins
import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# Python loads these before any program, so plain Python too imports nobody's file of such a name.
_AT_START = frozenset(
    [
        "abc",
        "codecs",
        "encodings",
        "genericpath",
        "importlib",
        "io",
        "os",
        "posixpath",
        "runpy",
        "site",
        "stat",
        "zipimport",
    ]
)
STDLIB_DIR = os.path.dirname(os.path.abspath(os.__file__))


def user_paths(app_dir: str, root: str) -> list[str]:
    """What goes in front of sys.path: the package root, `/app`, `/app/src`."""
    paths = []
    for path in (os.path.join(app_dir, root) if root else app_dir, app_dir, os.path.join(app_dir, "src")):
        path = os.path.normpath(path)
        if path not in paths and os.path.isdir(path):
            paths.append(path)
    return paths


def install(paths: list[str], beside: str) -> None:
    """Makes the agent's directories importable.

    The directory of the entry file comes last. It is for imports written for `python bot/main.py`; a
    `bot/logging.py` there must not become `logging`.
    """
    sys.path[:0] = paths
    if beside not in paths:
        sys.path.append(beside)
    names = shadowing_names(paths)
    if names:
        _Shadowing(names, paths).install()


def load(name: str, app_dir: str) -> ModuleType:
    """Imports one of the agent's modules as the agent itself would."""
    # With a `fromlist` the last part of a dotted name is returned, not the first.
    module: ModuleType = builtins.__import__(name, {"__file__": os.path.join(app_dir, "_")}, {}, ["_"])
    return module


def shadowing_names(paths: list[str]) -> frozenset[str]:
    """The agent's top-level modules that are named like one of the standard library."""
    found = set()
    for path in paths:
        try:
            entries = os.listdir(path)
        except OSError:
            continue
        for entry in entries:
            name, extension = os.path.splitext(entry)
            package = os.path.join(path, entry, "__init__.py")
            if extension != ".py" and (extension or not os.path.isfile(package)):
                continue
            if name not in _AT_START and name not in sys.builtin_module_names and _in_stdlib(name):
                found.add(name)
    return frozenset(found)


def _in_stdlib(name: str) -> bool:
    known: frozenset[str] | None = getattr(sys, "stdlib_module_names", None)
    if known is not None:
        return name in known
    base = os.path.join(STDLIB_DIR, name)
    package = os.path.join(base, "__init__.py")
    return name in sys.modules or os.path.isfile(base + ".py") or os.path.isfile(package)


def _package(globals: Any) -> str:
    package = globals.get("__package__") if isinstance(globals, dict) else None
    return package if isinstance(package, str) else ""


class _Shadowing:
    """Gives the agent its own module, and everybody else the standard library's, where both have a name.

    The standard library's is in sys.modules and the agent's is put aside. An import by the agent swaps them
    while it runs. Imports of other names cost nothing.
    """

    def __init__(self, names: frozenset[str], paths: list[str]) -> None:
        self._names = names
        self._paths = paths
        self._prefixes = tuple(path + os.sep for path in paths)
        self._aside: dict[str, ModuleType] = {}
        self._users_in = False
        self._lock = threading.RLock()
        self._import: Any = builtins.__import__

    def install(self) -> None:
        builtins.__import__ = self._import_for

    def _import_for(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        # A relative import is looked up below the importer's own package.
        absolute = _package(globals) if level else name
        if absolute.partition(".")[0] not in self._names:
            return self._import(name, globals, locals, fromlist, level)
        with self._lock:
            before = self._users_in
            self._swap(self._is_users(globals))
            path = sys.path[:]
            if not self._users_in:
                sys.path[:] = [entry for entry in path if entry not in self._paths] + self._paths
            try:
                return self._import(name, globals, locals, fromlist, level)
            finally:
                if not self._users_in:
                    sys.path[:] = path
                self._swap(before)

    def _is_users(self, globals: Any) -> bool:
        file = globals.get("__file__") if isinstance(globals, dict) else None
        if not isinstance(file, str) or not file.startswith(self._prefixes):
            return False
        return not file.startswith(sys.prefix + os.sep)

    def _swap(self, users_in: bool) -> None:
        if users_in == self._users_in:
            return
        modules = sys.modules
        aside = {name: modules.pop(name) for name in list(modules) if name.partition(".")[0] in self._names}
        modules.update(self._aside)
        self._aside = aside
        self._users_in = users_in
