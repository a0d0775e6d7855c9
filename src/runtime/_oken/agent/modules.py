"""What to do where a module is missing."""

from __future__ import annotations

import os
import sys

# Packages that are not named as what is imported of them, but for a hyphen in place of an underscore.
PACKAGES = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "agents": "openai-agents",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "discord": "discord.py",
    "distutils": "setuptools",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "google": "the package of Google's that you use, such as google-genai,",
    "google.adk": "google-adk",
    "google.auth": "google-auth",
    "google.genai": "google-genai",
    "google.generativeai": "google-generativeai",
    "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client",
    "haystack": "haystack-ai",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "mem0": "mem0ai",
    "multipart": "python-multipart",
    "nacl": "pynacl",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "strands": "strands-agents",
    "telegram": "python-telegram-bot",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}

# Modules of the standard library, with the last version of Python that has them.
REMOVED = {
    **dict.fromkeys(("asynchat", "asyncore", "imp", "smtpd"), "3.11"),
    **dict.fromkeys(("cgi", "cgitb", "chunk", "crypt", "imghdr", "mailcap", "nntplib", "pipes"), "3.12"),
    **dict.fromkeys(("aifc", "audioop", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"), "3.12"),
}

# Of the standard library, but not in the images of Python.
NEED_SCREEN = frozenset(["_tkinter", "tkinter", "turtle"])


def advice(error: BaseException, app_dir: str) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    return _for_module(error.name, app_dir)


def _for_module(name: str, app_dir: str) -> str:
    top = name.split(".")[0]
    if any(os.path.exists(os.path.join(app_dir, path)) for path in (top, top + ".py")):
        return ""
    if top in NEED_SCREEN:
        return "an agent has no screen, so leave it out"
    last = REMOVED.get(top)
    if last:
        return f'Python {last} was the last with {top}: set python_version = "{last}" in oken.toml'
    package = _package(name)
    if not package:
        return ""
    listed = os.path.exists(os.path.join(app_dir, "requirements.txt"))
    has_project = os.path.exists(os.path.join(app_dir, "pyproject.toml"))
    is_project = has_project and not listed
    place = "the dependencies in pyproject.toml" if is_project else "requirements.txt"
    return f"add {package} to {place}"


def _package(name: str) -> str:
    """The package that a module is in; empty where that is there, in a version without the module."""
    parts = name.split(".")
    if parts[:2] == ["google", "cloud"] and len(parts) > 2:
        return "google-cloud-" + parts[2].replace("_", "-")
    for length in range(len(parts), 0, -1):
        known = PACKAGES.get(".".join(parts[:length]))
        if known:
            return known
    return "" if len(parts) > 1 and parts[0] in sys.modules else parts[0].replace("_", "-")
