"""What to do about what the system refuses where the agent is: files, most often."""

from __future__ import annotations

import errno
import os
import re

WRITABLE = "only /tmp and the home directory can be written"
# Of the author's own machine: `C:\\data.json`, `/Users/me/data.json`.
_FOREIGN = re.compile(r"[A-Za-z]:[\\/]|/(?:Users|home|mnt|Volumes)/")
_MIB = 1 << 20


def advice(error: BaseException, app_dir: str) -> str:
    if type(error).__name__ == "OperationalError" and str(error) == "unable to open database file":
        return WRITABLE
    if not isinstance(error, OSError):
        return ""
    if error.errno == errno.EROFS:
        return WRITABLE
    if error.errno == errno.ENOSPC:
        return f"/tmp and the home directory hold {_size('/tmp')} MiB each"
    path = error.filename
    if not isinstance(error, FileNotFoundError) or not isinstance(path, str) or not path:
        return ""
    return _for_missing(path, app_dir)


def _for_missing(path: str, app_dir: str) -> str:
    if _FOREIGN.match(path):
        return "that is a place on another machine, so put the file in the upload and name it from there"
    whole = os.path.normpath(os.path.join(os.getcwd(), path))
    own = os.path.join(app_dir, "")
    if not whole.startswith(own):
        return ""
    similar = _similar(whole)
    if similar:
        return f"the upload has {similar}, which is another name"
    return f"there is no {whole[len(own) :]} in the upload"


def _similar(path: str) -> str:
    """A name in the same directory that differs in capitals alone, as some systems do not mind."""
    directory, name = os.path.split(path)
    try:
        names = os.listdir(directory)
    except OSError:
        return ""
    return next((other for other in names if other.casefold() == name.casefold()), "")


def _size(path: str) -> int:
    found = os.statvfs(path)
    return found.f_frsize * found.f_blocks // _MIB
