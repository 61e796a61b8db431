"""Prints papers as PDF, one at a time; says what is missing where that cannot be done."""

from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Final

from engine.errors import PrintingError

_REMEDY: Final = "Print the page itself, or let an administrator install Pango (apt-get install {packages})."
_WAIT_SECONDS: Final = 60.0
"""For the papers before this one."""
_PACKAGES: Final = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


class PdfPrinter:
    """Implements `Printer`. The library is loaded when the first paper is printed."""

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
            self._pages = self._pages or _library().PdfPages(self._fonts)
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
            _library().read_fonts(self._fonts)
        except OSError:
            return str(_nothing_prints())
        return ""


def _library() -> Any:  # noqa: ANN401 - the library may be absent
    return import_module("engine.documents.pdf")


def _nothing_prints() -> PrintingError:
    return PrintingError(problem="PDF cannot be made on this machine.", remedy=_REMEDY.format(packages=_PACKAGES))
