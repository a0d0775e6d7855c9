"""Writes the runtime below a directory and compiles it, once in the build of an image.

It comes as one file, because BuildKit asks for every file of a context in each build, whether it has them or
not. `runtime.json` holds the runtime's own files as texts, and the wheels for each Python in base64.
"""

from __future__ import annotations

import base64
import compileall
import io
import json
import os
import sys
import zipfile


def main() -> None:
    target = sys.argv[1]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "runtime.json"), "rb") as packed:
        runtime = json.load(packed)
    for name, text in runtime["files"].items():
        path = os.path.join(target, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode("utf-8"))
    for wheel in wheels_for(sys.version_info[:2], runtime["wheels"]).values():
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(wheel))) as archive:
            archive.extractall(os.path.join(target, "wheels"))
    make_bare_environment(os.path.join(target, "python"))
    if not compileall.compile_dir(target, quiet=1):
        sys.exit("the runtime does not compile with this Python")


def make_bare_environment(path: str) -> None:
    """The Python of the runtime's parent: a virtual environment in which nothing is ever installed."""
    library = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    for part in ("bin", library):
        os.makedirs(os.path.join(path, part), exist_ok=True)
    with open(os.path.join(path, "pyvenv.cfg"), "w", encoding="utf-8") as file:
        file.write(f"home = {os.path.dirname(os.path.realpath(sys.executable))}\n")
        file.write("include-system-site-packages = false\n")
    os.symlink(os.path.realpath(sys.executable), os.path.join(path, "bin", "python"))


def wheels_for(version: tuple[int, int], offered: dict[str, dict[str, str]]) -> dict[str, str]:
    """The newest set that this Python can run; none where none is offered."""
    minors = {tuple(map(int, oldest.split("."))): wheels for oldest, wheels in offered.items()}
    return minors[max(minor for minor in minors if minor <= version)] if minors else {}


main()
