"""Compiles the module in the first argument, and writes to the second, as JSON, why that cannot be done."""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

CPU_SECONDS = 5
MEMORY_BYTES = 512 << 20


def problem(source: bytes) -> Any:
    try:
        compile(source, "module", "exec", dont_inherit=True)
    except SyntaxError as error:
        kind = type(error).__name__
        return {"type": kind, "message": error.msg, "line": error.lineno or 1, "column": error.offset or 1}
    return None


def main(module: str, answer: str) -> None:
    Path(answer).write_text("null")
    # In a process of its own: what is made to exhaust the compiler gets no answer.
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    told = json.dumps(problem(Path(module).read_bytes()))
    Path(answer).write_text(told)


if __name__ == "__main__":
    main(*sys.argv[1:])
