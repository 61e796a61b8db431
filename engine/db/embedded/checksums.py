"""Keep a SHA-256 beside a file, in the format of `sha256sum`."""

import hashlib
from pathlib import Path

from engine.db.embedded.files import write_private
from engine.errors import DamagedError, SettingsError


def checksum_file(file: Path) -> Path:
    """Return where the checksum of a file is kept."""
    return file.with_name(file.name + ".sha256")


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write_checksum(file: Path, sha256: str) -> None:
    """Write the checksum that `file` has or will have."""
    write_private(checksum_file(file), f"{sha256}  {file.name}\n")


def require_checksum(file: Path) -> None:
    """Check a file against its checksum.

    Raises SettingsError when either is not there, DamagedError when they do not fit.
    """
    for needed in (file, checksum_file(file)):
        if not needed.is_file():
            raise SettingsError(problem=f"There is no file {needed}.", remedy="A backup is two files: copy both.")
    recorded = checksum_file(file).read_text("ascii", errors="replace").split()
    if not recorded or recorded[0] != sha256_of(file):
        raise DamagedError(what=f"The backup {file}")
