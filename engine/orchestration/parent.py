"""Notice the end of the parent process by its pipe to us."""

import os
import signal
import sys
import threading


def end_with_parent(*, last_resort_seconds: float) -> None:
    """Send this process SIGTERM when the parent's end of standard input closes, and end it for good a while later."""
    threading.Thread(target=_watch, args=(last_resort_seconds,), name="icmc-parent-watch", daemon=True).start()


def _watch(last_resort_seconds: float) -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(last_resort_seconds)
    os._exit(1)
