"""What to do where a package's library of the system is missing."""

from __future__ import annotations

import re

MISSING = re.compile(r"(lib[\w.+-]{1,80}\.so[\w.]{0,20}): cannot open shared object file")

# Libraries that Python packages load and Debian's slim images have not, by the beginning of their names.
DEBIAN = {
    "libGL.so": "libgl1",
    "libSM.so": "libsm6",
    "libXext.so": "libxext6",
    "libXrender.so": "libxrender1",
    "libglib-2.0.so": "libglib2.0-0",
    "libgobject-2.0.so": "libglib2.0-0",
    "libgthread-2.0.so": "libglib2.0-0",
    "libgomp.so": "libgomp1",
    "libmagic.so": "libmagic1",
    "libodbc.so": "unixodbc",
    "libpango-1.0.so": "libpango-1.0-0",
    "libcairo.so": "libcairo2",
    "libportaudio.so": "libportaudio2",
    "libpq.so": "libpq5",
    "libsndfile.so": "libsndfile1",
}


def advice(error: BaseException) -> str:
    found = MISSING.search(str(error)[:1000]) if isinstance(error, (ImportError, OSError)) else None
    if found is None:
        return ""
    known = next((package for name, package in DEBIAN.items() if found[1].startswith(name)), None)
    if known is None:
        return f"name the Debian package with {found[1]} in system_packages in oken.toml"
    return f'set system_packages = ["{known}"] in oken.toml'
