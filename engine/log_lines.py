"""What a process writes to its log: one line a happening, with its ids, and never with what anyone wrote."""

import io
import logging
import sys
import time
from collections.abc import Collection
from importlib.metadata import entry_points
from types import FrameType
from typing import Final, TextIO

from engine.errors import IcmcError, place_in

log = logging.getLogger(__name__)
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def why(error: BaseException) -> dict[str, str]:
    """Return what a line of the log says of an error: an error of ours in words, of any other its kind and place."""
    if isinstance(error, IcmcError):
        return {"code": error.code, "why": str(error)}
    return {"error": type(error).__name__, "where": place_in("engine", error)}


class LineFormatter(logging.Formatter):
    """Writes time (UTC), level, what happened, and its facts as `key=value`; tracebacks show values, so none is."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        record.exc_info = record.exc_text = record.stack_info = None
        facts = "".join(f" {key}={value}" for key, value in sorted(vars(record).items()) if key not in _PLAIN)
        return f"{super().format(record)}{facts}".replace("\n", " ")


class ForeignFormatter(LineFormatter):
    """Writes of what others log, such as a pillar, where it was said and how grave it is, and none of its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record without what it says."""
        plain = logging.makeLogRecord({"levelname": record.levelname, "created": record.created, "msg": "foreign_log"})
        plain.logger, plain.where = record.name, f"{record.module}:{record.lineno} in {record.funcName}"
        return super().format(plain)


class CaughtPrints(io.TextIOBase):
    """A standard stream that passes on all but what the code of a pillar prints: of that it notes the place alone."""

    def __init__(self, stream: TextIO, packages: Collection[str]) -> None:
        """Catch what is printed from these packages, or by what they call."""
        self._stream, self._packages = stream, tuple(f"{package}." for package in packages)

    def write(self, text: str) -> int:
        """Write, unless a pillar does."""
        place = self._place()
        if place is None:
            return self._stream.write(text)
        if text.strip():
            log.warning("pillar_printed", extra={"where": place})
        return len(text)

    def flush(self) -> None:
        """Flush what was passed on."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the stream's own descriptor."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether a person reads the stream."""
        return self._stream.isatty()

    def _place(self) -> str | None:
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the way to who prints
        while frame is not None:
            module = frame.f_globals.get("__name__", "")
            if f"{module}.".startswith(self._packages):
                return f"{module}:{frame.f_lineno} in {frame.f_code.co_name}"
            frame = frame.f_back
        return None


def log_in_lines() -> None:
    """Let this process write what happens in ICMC to its standard error, a line each.

    Of what anybody else logs, and of what pillars print, only the place is written: the words could name a person.
    """
    ours, others = logging.getLogger("engine"), logging.getLogger()
    for logger, formatter in ((ours, LineFormatter()), (others, ForeignFormatter())):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(formatter)
        logger.handlers = [handler]
    ours.propagate = False
    packages = {entry.module for entry in entry_points(group="icmc.pillars")}
    sys.stdout, sys.stderr = CaughtPrints(sys.stdout, packages), CaughtPrints(sys.stderr, packages)
