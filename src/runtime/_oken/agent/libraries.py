"""What to do where a package's library of the system is missing."""

from __future__ import annotations

import re

from . import debian

MISSING = re.compile(r"\b(lib[\w.+-]{1,80}?(?:\.so[\w.]{0,20})?): cannot open shared object file")

# Libraries that Python packages load and Debian's slim images have not, and the packages that they are in, by
# names that bookworm and trixie know.
PACKAGES = {
    **dict.fromkeys(("libavcodec", "libavformat", "libavutil", "libswresample"), ("ffmpeg",)),
    **dict.fromkeys(("libglib-2.0", "libgobject-2.0", "libgthread-2.0"), ("libglib2.0-0",)),
    # What OpenCV loads next.
    "libGL": ("libgl1", "libglib2.0-0"),
    "libEGL": ("libegl1",),
    "libGLESv2": ("libgles2",),
    "libOpenCL": ("ocl-icd-libopencl1",),
    "libSM": ("libsm6",),
    "libX11": ("libx11-6",),
    "libXext": ("libxext6",),
    "libXrender": ("libxrender1",),
    "libasound": ("libasound2",),
    "libatk-1.0": ("libatk1.0-0",),
    "libatk-bridge-2.0": ("libatk-bridge2.0-0",),
    "libcairo": ("libcairo2",),
    "libcups": ("libcups2",),
    "libdbus-1": ("libdbus-1-3",),
    "libenchant-2": ("libenchant-2-2",),
    "libespeak": ("libespeak1",),
    "libespeak-ng": ("libespeak-ng1",),
    "libfontconfig": ("libfontconfig1",),
    "libfreetype": ("libfreetype6",),
    "libgbm": ("libgbm1",),
    "libgdal": ("gdal-bin",),
    "libgfortran": ("libgfortran5",),
    "libgomp": ("libgomp1",),
    "libheif": ("libheif1",),
    "libmagic": ("libmagic1",),
    "libmariadb": ("libmariadb3",),
    "libnss3": ("libnss3",),
    "libodbc": ("unixodbc",),
    "libopenblas": ("libopenblas0",),
    "libopenslide": ("libopenslide0",),
    "libopus": ("libopus0",),
    "libpango-1.0": ("libpango-1.0-0",),
    "libpangocairo-1.0": ("libpangocairo-1.0-0",),
    "libportaudio": ("libportaudio2",),
    "libpq": ("libpq5",),
    "libsndfile": ("libsndfile1",),
    "libtesseract": ("tesseract-ocr",),
    "libusb-1.0": ("libusb-1.0-0",),
    "libxml2": ("libxml2",),
    "libxslt": ("libxslt1.1",),
    "libzbar": ("libzbar0",),
}
# WeasyPrint loads them one after the other, by names without `.so`.
WEASYPRINT = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
_OF_GPU = re.compile(r"lib(?:cu(?:da|dnn|blas|fft|file|pti|rand|solver|sparse)|nccl|npp|nv)")

# What packages say in words of their own.
SAID = (
    (re.compile(r"no library called \"cairo"), "libcairo"),
    (re.compile(r"Could not find the GDAL library"), "libgdal"),
    (re.compile(r"Couldn't locate OpenSLIDE"), "libopenslide"),
    (re.compile(r"The 'enchant' C library was not found"), "libenchant-2"),
    (re.compile(r"PortAudio library not found"), "libportaudio"),
    (re.compile(r"Unable to find zbar shared library"), "libzbar"),
    (re.compile(r"[Ff]ailed to find libmagic"), "libmagic"),
    (re.compile(r"libpq library not found"), "libpq"),
    (re.compile(r"sndfile library not found"), "libsndfile"),
)
_LOOKED_AT = 4000


def advice(error: BaseException, app_dir: str) -> str:
    # GeoDjango has an error of its own.
    if not isinstance(error, (ImportError, OSError)) and type(error).__name__ != "ImproperlyConfigured":
        return ""
    text = str(error)[:_LOOKED_AT]
    said = next((name for words, name in SAID if words.search(text)), None)
    if said is not None:
        return debian.line(app_dir, *PACKAGES[said])
    found = MISSING.search(text)
    return "" if found is None else _for_library(found[1], app_dir)


def _for_library(name: str, app_dir: str) -> str:
    if _OF_GPU.match(name):
        return "an agent has no GPU, so install this package's variant for CPUs"
    stem, is_file, _version = name.partition(".so")
    if not is_file:
        return debian.line(app_dir, *WEASYPRINT)
    packages = PACKAGES.get(stem)
    if packages is None:
        return f"name the Debian package with {name} in system_packages in oken.toml"
    return debian.line(app_dir, *packages)
