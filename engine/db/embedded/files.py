"""Write small files so that a crash leaves the old one or the new one, and no other user reads them."""

import os
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, text: str, *, owner: int = -1, group: int = -1) -> None:
    """Replace a file by one of mode 0600, durably, without ever following a link."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        unfinished.unlink()
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchown(handle, owner, group)
        file.write(text)
        file.flush()
        os.fsync(handle)
    unfinished.replace(path)
    sync_path(path.parent)


def sync_path(path: Path) -> None:
    """Make a file, or the names in a folder, survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
