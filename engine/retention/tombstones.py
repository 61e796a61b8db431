"""Keeps the list of what was erased outside the database, so that a backup which is restored is erased again."""

import json
import os
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from engine.core.retention import Tombstone
from engine.errors import DamagedError, ServiceError

_NAME: Final = "tombstones.jsonl"


class TombstoneFile:
    """One line of JSON a tombstone: random ids, instants, who agreed; nothing of the person. Lines are only added."""

    def __init__(self, folder: Path) -> None:
        """Keep the file in `folder`, which should lie on another disk than the database."""
        self._path = folder / _NAME

    def add(self, tombstone: Tombstone) -> None:
        """Add a line, on disk when this returns; raises `ServiceError` when that fails: then nothing is erased."""
        line = json.dumps(tombstone.model_dump(mode="json"), sort_keys=True) + "\n"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ServiceError(
                service="The list of what was erased",
                problem=f"it cannot be written ({type(error).__name__}).",
                remedy="Nothing was erased. Look at the disk that keeps it.",
            ) from error

    def read(self) -> tuple[Tombstone, ...]:
        """Read all lines, the earliest first; a line that was cut off by a crash in the end is left out.

        Raises `DamagedError` for any other line that is none.
        """
        if not self._path.exists():
            return ()
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        try:
            found = {one.id: one for one in map(Tombstone.model_validate_json, whole)}
        except ValidationError:
            raise DamagedError(what=f"The list of what was erased ({self._path})") from None
        return tuple(found.values())
