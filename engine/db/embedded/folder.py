"""The folder of the server: its files, checksums and socket."""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.db.embedded.accounts import Account, require_entry
from engine.errors import DamagedError, ServiceError, SettingsError


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


LONGEST_SOCKET_PATH: Final = 103
"""Bytes that a socket's path may take: 107 on Linux, 103 on macOS."""
_LONGEST_NAME: Final = len("/.s.PGSQL.65535.lock")


def make_socket_folder(data_folder: Path, account: Account) -> Path:
    """Return the folder for the socket of the server of `data_folder`, made with mode 0700 when missing.

    Its name is a hash, so that a data folder with a long path works too.

    Raises ServiceError when something that is not ours has that name.
    """
    name = f"icmc-{hashlib.sha256(f'{account.uid}:{data_folder}'.encode()).hexdigest()[:12]}"
    folder = _base(name, account) / name
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        folder.chmod(0o700)
        os.chown(folder, account.uid, account.gid)
    require_private(folder, account)
    return folder


def require_private(folder: Path, account: Account) -> None:
    """Check that a socket folder is the server's own. Raises ServiceError when it is not."""
    facts = folder.lstat()
    if stat.S_ISDIR(facts.st_mode) and facts.st_uid == account.uid and not facts.st_mode & 0o077:
        return
    raise ServiceError(
        service="PostgreSQL",
        problem=f"{folder} should be a private folder of the system user {account.name}, and is not.",
        remedy="Find out who made it, remove it, and start again.",
    )


def _base(name: str, account: Account) -> Path:
    wanted = [Path("/run")] if os.geteuid() == 0 else _runtime_folder(account)
    for base in (*wanted, Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 (private folder, checked)
        fits = len(os.fsencode(base / name)) + _LONGEST_NAME <= LONGEST_SOCKET_PATH
        if fits and base.is_dir() and os.access(base, os.W_OK | os.X_OK) and _lets_in(base, account):
            return base
    raise SettingsError(
        problem=f"There is no folder for the database's socket: none of XDG_RUNTIME_DIR, {tempfile.gettempdir()} and"
        " /tmp can be written, can be entered by the server's user and has a short path.",
        remedy="Set TMPDIR to a short path such as /tmp.",
    )


def _lets_in(base: Path, account: Account) -> bool:
    try:
        require_entry(base, account)
    except SettingsError:
        return False
    return True


def _runtime_folder(account: Account) -> list[Path]:
    given = os.environ.get("XDG_RUNTIME_DIR")
    return [Path(given)] if given and Path(given).is_dir() and Path(given).stat().st_uid == account.uid else []
