"""The folder of the server: its files, checksums and socket, the locks by which processes share it, its passwords."""

import fcntl
import hashlib
import json
import os
import secrets
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import FileIO
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


LONGEST_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 0.05


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the only lock on `path`; wait for whoever holds it, for a quarter of an hour at most.

    Raises ServiceError after that.
    """
    with _open(path) as file:
        _wait_for(file, path)
        yield


def _wait_for(file: FileIO, path: Path) -> None:
    ends_at = time.monotonic() + LONGEST_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= ends_at:
                raise ServiceError(
                    service="PostgreSQL",
                    problem=f"another process has been starting or stopping it for {LONGEST_SECONDS / 60:.0f} minutes.",
                    remedy=f"End that process of ICMC, and try again. It holds {path}.",
                ) from error
            threading.Event().wait(_LOOK_SECONDS)
        else:
            return


@dataclass(frozen=True)
class Share:
    """One user's share of a thing that several processes use."""

    file: FileIO = field(repr=False)

    @classmethod
    def take(cls, path: Path) -> "Share":
        """Become one of the users. The caller holds the lock that `leave` needs too."""
        file = _open(path)
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # nobody else asks for it without the caller's lock
        return cls(file)

    def leave(self) -> bool:
        """Stop being a user; say whether this was the last one. Leaving twice is leaving once.

        Between processes this is a decision only while the caller holds the lock under which others take their share.
        """
        if self.file.closed:
            return False
        with self.file:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True


def _open(path: Path) -> FileIO:
    return FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+")


@dataclass(frozen=True)
class PasswordFile:
    """A file of mode 0600: a JSON object from role name to password."""

    path: Path

    def exists(self) -> bool:
        """Return whether passwords were ever made."""
        return self.path.exists()

    def get(self, role: str) -> str:
        """Return a role's password. Raises SettingsError when it is not in the file."""
        known = self._read()
        if role not in known:
            raise SettingsError(
                problem=f"The password of the database role {role} is not in {self.path}.",
                remedy="Put the file back from a backup.",
            )
        return known[role]

    def get_or_make(self, role: str) -> str:
        """Return a role's password, made and stored when there is none. The caller holds a lock."""
        known = self._read()
        if role not in known:
            known[role] = secrets.token_urlsafe(32)
            write_private(self.path, json.dumps(known, indent=1))
        return known[role]

    def _read(self) -> dict[str, str]:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        if self.path.stat().st_mode & 0o077 or self.path.stat().st_uid not in {os.geteuid(), self._folder_owner()}:
            raise SettingsError(
                problem=f"{self.path} holds passwords, and others may read or change it.",
                remedy=f"Correct its owner, then: chmod 600 '{self.path}'.",
            )
        try:
            return {str(role): str(password) for role, password in json.loads(text).items()}
        except (ValueError, AttributeError) as error:
            raise SettingsError(
                problem=f"{self.path} is not the JSON object that it should be.",
                remedy="Put the file back from a backup.",
            ) from error

    def _folder_owner(self) -> int:
        return self.path.parent.stat().st_uid
