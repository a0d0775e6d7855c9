"""Writes the runtime's files below a directory and compiles them, as the build of an image does once.

They lie beside this program as one, `files.json`, an object of paths to texts: BuildKit asks for every file
of a context in each build, whether it has them or not.
"""

from __future__ import annotations

import compileall
import json
import os
import sys


def main() -> None:
    target = sys.argv[1]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "files.json"), "rb") as packed:
        files = json.load(packed)
    for name, text in files.items():
        path = os.path.join(target, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode("utf-8"))
    if not compileall.compile_dir(target, quiet=1):
        sys.exit("the runtime does not compile with this Python")


main()
