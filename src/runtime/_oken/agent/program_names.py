"""Programs that agents run and their image has not, and what brings each."""

from __future__ import annotations

import re

# Programs that agents run and Debian's slim images have not, with the package that has each, in bookworm and
# in trixie.
PACKAGES = {
    **dict.fromkeys(("cc", "gcc"), "gcc"),
    **dict.fromkeys(("chrome", "chromium", "chromium-browser", "google-chrome"), "chromium"),
    **dict.fromkeys(("convert", "identify", "magick", "mogrify"), "imagemagick"),
    **dict.fromkeys(("dot", "neato", "circo", "fdp", "twopi"), "graphviz"),
    **dict.fromkeys(("ffmpeg", "ffprobe"), "ffmpeg"),
    **dict.fromkeys(("lowriter", "soffice", "libreoffice"), "libreoffice-nogui"),
    **dict.fromkeys(("node", "nodejs"), "nodejs"),
    **dict.fromkeys(("npm", "npx"), "npm"),
    **dict.fromkeys(
        ("pdfimages", "pdfinfo", "pdftocairo", "pdftohtml", "pdftoppm", "pdftotext"), "poppler-utils"
    ),
    **dict.fromkeys(("pg_dump", "psql"), "postgresql-client"),
    **dict.fromkeys(("ps", "top", "free", "pgrep", "pkill"), "procps"),
    **dict.fromkeys(("sox", "soxi"), "sox"),
    **dict.fromkeys(("ssh", "scp", "sftp", "ssh-keygen"), "openssh-client"),
    **dict.fromkeys(("Xvfb", "xvfb-run"), "xvfb"),
    "7z": "p7zip-full",
    "Rscript": "r-base-core",
    "antiword": "antiword",
    "chromedriver": "chromium-driver",
    "cmake": "cmake",
    "curl": "curl",
    "dig": "bind9-dnsutils",
    "espeak": "espeak",
    "espeak-ng": "espeak-ng",
    "exiftool": "libimage-exiftool-perl",
    "file": "file",
    "firefox": "firefox-esr",
    "flac": "flac",
    "g++": "g++",
    "git": "git",
    "gpg": "gnupg",
    "gs": "ghostscript",
    "inkscape": "inkscape",
    "ip": "iproute2",
    "java": "default-jre-headless",
    "jq": "jq",
    "lame": "lame",
    "make": "make",
    "mediainfo": "mediainfo",
    "mutool": "mupdf-tools",
    "mysql": "default-mysql-client",
    "nc": "netcat-openbsd",
    "nmap": "nmap",
    "pandoc": "pandoc",
    "pdflatex": "texlive-latex-base",
    "pdftk": "pdftk-java",
    "ping": "iputils-ping",
    "qpdf": "qpdf",
    "redis-cli": "redis-tools",
    "rg": "ripgrep",
    "rsync": "rsync",
    "sqlite3": "sqlite3",
    "tesseract": "tesseract-ocr",
    "tree": "tree",
    "unrtf": "unrtf",
    "unzip": "unzip",
    "wget": "wget",
    "whois": "whois",
    "xelatex": "texlive-xetex",
    "zip": "zip",
}

LISTED = "packages are installed at the deploy, so list them in requirements.txt"
# What Debian has no package for, or a package that would not help.
INSTEAD = {
    **dict.fromkeys(("conda", "pip", "pip3"), LISTED),
    **dict.fromkeys(("uv", "uvx"), "add uv to requirements.txt"),
    "brew": "name what it would install in system_packages in oken.toml",
    "docker": "an agent starts no containers, so leave it out",
    "sudo": "an agent may not become another user, so leave sudo out",
}

# What libraries say in words of their own, and the program that they mean.
SAID = (
    (re.compile(r"^(?:\S*/)?(tesseract) is not installed or it's not in your PATH"), ""),
    (re.compile(r"Is poppler installed and in PATH"), "pdfinfo"),
    (re.compile(r"^(?:Failed to initialize: )?Bad git executable|^Cmd\('git'\) not found"), "git"),
    (re.compile(r"No ffmpeg exe could be found|\bff(?:probe|mpeg) not found\b"), "ffmpeg"),
    (
        re.compile(r"make sure the Graphviz executables are on your|\"(?:dot|neato)\" not found in path"),
        "dot",
    ),
    (re.compile(r"^No pandoc was found"), "pandoc"),
    (re.compile(r"`java` command is not found|No java install detected|Java gateway process exited"), "java"),
    (re.compile(r"FLAC conversion utility not available"), "flac"),
    (re.compile(r"Could not find an available JavaScript runtime"), "node"),
    (re.compile(r"^Ghostscript is not installed|Can not find Ghostscript"), "gs"),
    (
        re.compile(r"'chromedriver' executable needs to be in PATH|Unable to obtain driver for chrome"),
        "chromedriver",
    ),
    (re.compile(r"cannot find Chrome binary"), "chromium"),
)
# Playwright finds nobody's browser but its own, which it would download.
PLAYWRIGHT = re.compile(r"Executable doesn't exist at \S*(?:chrom|headless_shell)")
BROWSER_PATH = "/usr/bin/chromium"
