"""Give the server a private folder for its Unix socket, with a path short enough for one."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from engine.db.embedded.accounts import Account, require_entry
from engine.errors import ServiceError, SettingsError

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
