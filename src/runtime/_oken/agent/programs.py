"""What to do where a program is missing that the agent, or a package of it, runs."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess

from . import debian
from .program_names import BROWSER_PATH, INSTEAD, LISTED, PACKAGES, PLAYWRIGHT, SAID
from .traces import last_frame, raised_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOOKED_AT = 1000
# What a shell answers for a command that it does not find.
NOT_FOUND = 127


def advice(error: BaseException, app_dir: str) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return _for_command(error, app_dir)
    # asyncio starts programs by the same file.
    if isinstance(error, OSError) and raised_in(error, "subprocess.py"):
        path = error.filename
        return _for_start(error, path, app_dir) if isinstance(path, str) and path else ""
    return _for_words(error, app_dir)


def _for_command(error: subprocess.CalledProcessError, app_dir: str) -> str:
    words = error.cmd.split() if isinstance(error.cmd, str) else [str(word) for word in _listed(error.cmd)]
    if "install" in words and ("pip" in words or "pip3" in words):
        return LISTED
    name = words[0] if words and error.returncode == NOT_FOUND else ""
    return _for_program(os.path.basename(name), app_dir) if _is_known(name) else ""


def _listed(command: Any) -> list[Any]:
    return list(command) if isinstance(command, (list, tuple)) else [command]


def _for_start(error: OSError, path: str, app_dir: str) -> str:
    """What keeps a program from starting; a file of the agent's that is missing is told as any other."""
    if error.errno == errno.EACCES and os.path.isfile(path):
        name = os.path.basename(path)
        return f"{name} is not executable: chmod +x it before the deploy, or call its interpreter"
    if error.errno == errno.ENOEXEC:
        return "it is for another system than Linux on this processor, or a script without #! at its top"
    if error.errno != errno.ENOENT or _is_directory_to_run_in(error, path):
        return ""
    if os.path.isfile(path):
        return "what its first line names is not there, or that line ends as Windows ends lines"
    name = os.path.basename(path)
    if os.path.isabs(path) and _is_known(name):
        return f"{_for_program(name, app_dir)}, and call it by its name alone"
    if os.sep in path:
        return ""
    first, *more = path.split()
    if more:
        return f'give the command as a list that begins with "{first}", or with shell=True'
    return _for_program(name, app_dir)


def _is_directory_to_run_in(error: OSError, path: str) -> bool:
    """Python names it in the same words as the program."""
    frame = last_frame(error)
    return frame is not None and frame.f_locals.get("cwd") == path


def _for_words(error: BaseException, app_dir: str) -> str:
    text = str(error)[:LOOKED_AT]
    if PLAYWRIGHT.search(text):
        return f'{_for_program("chromium", app_dir)}, and launch it with executable_path="{BROWSER_PATH}"'
    for words, program in SAID:
        found = words.search(text)
        if found:
            return _for_program(program or found[1], app_dir)
    return ""


def _is_known(name: str) -> bool:
    name = os.path.basename(name)
    return (name in PACKAGES or name in INSTEAD) and shutil.which(name) is None


def _for_program(name: str, app_dir: str) -> str:
    if name in INSTEAD:
        return INSTEAD[name]
    if name in PACKAGES:
        return debian.line(app_dir, PACKAGES[name])
    return f"name the Debian package that has {name} in system_packages in oken.toml"
