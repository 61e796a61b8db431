"""Prints papers as PDF, one at a time; says what is missing where that cannot be done."""

import ctypes
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Final

from engine.documents.records import PrintingError

_REMEDY: Final = "Print the page itself, or let an administrator install Pango (apt-get install {packages})."
_WAIT_SECONDS: Final = 60.0
"""For the papers before this one."""
_PACKAGES: Final = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_LOADED: Final = (
    "libgobject-2.0.so.0", "libpango-1.0.so.0", "libharfbuzz.so.0", "libfontconfig.so.1", "libpangoft2-1.0.so.0",
)  # fmt: skip
"""What the library itself loads, by the names under which Linux has it."""
SCRIPTS: Final = ("latin", "latin-ext", "devanagari", "bengali", "myanmar")
"""In the order in which a letter is looked for; `bengali` has Assamese too, `devanagari` Hindi and Nepali."""
WEIGHTS: Final = (400, 700)


class PdfPrinter:
    """Lays papers out as PDF. The library is loaded when the first paper is printed."""

    def __init__(self, fonts: Path) -> None:
        self._fonts = fonts
        self._lock = Lock()
        self._pages: Any = None

    def pdf(self, html: str) -> bytes:
        """Return a paper as PDF; raises `PrintingError`."""
        if not self._lock.acquire(timeout=_WAIT_SECONDS):
            raise PrintingError(problem="Other papers are being printed.", remedy="Try again in a moment.")
        try:
            return self._made(html)
        finally:
            self._lock.release()

    def _made(self, html: str) -> bytes:
        try:
            self._pages = self._pages or _library().PdfPages(_read_fonts(self._fonts))
            made: bytes = self._pages.pdf(html)
        except OSError as error:
            raise _nothing_prints() from error
        except Exception as error:  # whatever a paper contains, the page itself can be printed
            raise PrintingError(
                problem="This paper cannot be laid out as PDF.", remedy="Print the page itself."
            ) from error
        return made

    def problem(self) -> str:
        """Say what is missing, with the command that adds it; empty when library and fonts are there."""
        try:
            _read_fonts(self._fonts)
            if not _can_load():
                _library()
        except OSError:
            return str(_nothing_prints())
        return ""


def _read_fonts(folder: Path) -> dict[str, bytes]:
    """Return the fonts by their names; raises `OSError` when one is missing."""
    names = [f"noto-sans-{script}-{weight}" for script in SCRIPTS for weight in WEIGHTS]
    return {name: (folder / f"{name}.woff2").read_bytes() for name in names}


def _can_load() -> bool:
    """Whether all that the library needs is there; where Linux does not know it, the library itself has to say."""
    try:
        return all(ctypes.CDLL(name) for name in _LOADED)
    except OSError:
        return False


def _library() -> Any:  # noqa: ANN401 - the library may be absent
    return import_module("engine.documents.pdf")


def _nothing_prints() -> PrintingError:
    return PrintingError(problem="PDF cannot be made on this machine.", remedy=_REMEDY.format(packages=_PACKAGES))
