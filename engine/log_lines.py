"""What a process writes to its log: one line a happening, with its ids, and never with what anyone wrote."""

import logging
import sys
import time
from typing import Final

from engine.errors import IcmcError, place_in

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


def log_in_lines() -> None:
    """Let this process write what happens in ICMC to its standard error, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    ours = logging.getLogger("engine")
    ours.handlers = [handler]
    ours.propagate = False
