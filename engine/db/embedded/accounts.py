"""Decide which system user runs the PostgreSQL server, which refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from engine.errors import ServiceError, SettingsError

_SYSTEM_USERS: Final = ("icmc", "postgres", "nobody")
_PROGRAM_SECONDS: Final = 900.0
"""The server's own programs have limits of their own, ten minutes at most."""
_QUICK_SECONDS: Final = 30.0
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True)
class Account:
    """A system user, by its numbers."""

    uid: int
    gid: int
    name: str

    @property
    def is_another(self) -> bool:
        """Return whether this is not the user who runs this process."""
        return self.uid != os.geteuid()


def server_account(cluster: Path) -> Account:
    """Return who runs the server of the folder `cluster`, which need not exist yet.

    The owner of an existing cluster runs it. A new cluster belongs to the user of this process or, when that is root,
    to the first of the system users icmc, postgres, nobody.

    Raises ServiceError when the cluster is another user's, or root's machine has none of these users.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() == 0:
        return _account(owner) if owner else _system_user()
    if owner in {None, os.geteuid()}:
        return _account(os.geteuid())
    raise ServiceError(
        service="PostgreSQL",
        problem=f"{cluster} belongs to the system user number {owner}.",
        remedy="Start ICMC as that user, as root, or with another data folder.",
    )


def run_as(account: Account, command: list[str | Path], *, folder: Path, **variables: str) -> tuple[int, str]:
    """Run a program as `account` in `folder`; return its exit status and what it wrote.

    Its environment is a fixed one and `variables`, so no PG* variable of the caller reaches it.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=_ENVIRONMENT | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            umask=0o077,
            check=False,
            timeout=_PROGRAM_SECONDS,
            **_identity(account),
        )
    except subprocess.TimeoutExpired:
        return 1, f"It did not end within {_PROGRAM_SECONDS / 60:.0f} minutes."
    return done.returncode, done.stdout


def can_run(program: Path, account: Account) -> bool:
    """Return whether `account` can reach and run a program."""
    try:
        done = subprocess.run(
            [program, "--version"],
            cwd="/",
            env=_ENVIRONMENT,
            capture_output=True,
            check=False,
            timeout=_QUICK_SECONDS,
            **_identity(account),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def require_entry(folder: Path, account: Account) -> None:
    """Check that `account` can enter a folder.

    Raises SettingsError that names the first parent folder in the way and what to do about it.
    """
    if not account.is_another or _can_enter(folder, account):
        return
    blocked = next((p for p in reversed(folder.parents) if not _can_enter(p, account)), folder)
    raise SettingsError(
        problem=f"PostgreSQL runs as the system user {account.name}, who may not enter {blocked}.",
        remedy=f"Allow it (chmod o+x '{blocked}'), choose a data folder elsewhere such as /var/lib/icmc,"
        " or start ICMC as an ordinary user.",
    )


def _can_enter(folder: Path, account: Account) -> bool:
    done = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", folder],
        cwd="/",
        env=_ENVIRONMENT,
        capture_output=True,
        check=False,
        timeout=_QUICK_SECONDS,
        **_identity(account),
    )
    return done.returncode == 0


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: tuple[int, ...]


def _identity(account: Account) -> _Identity:
    return _Identity(user=account.uid, group=account.gid, extra_groups=()) if account.is_another else _Identity()


def _system_user() -> Account:
    for name in _SYSTEM_USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=found.pw_uid, gid=found.pw_gid, name=name)
    raise ServiceError(
        service="PostgreSQL",
        problem="it does not run as root, and there is no system user for it.",
        remedy="Make one (useradd --system icmc), or start ICMC as an ordinary user.",
    )


def _account(uid: int) -> Account:
    try:
        found = pwd.getpwuid(uid)
    except KeyError as error:
        raise ServiceError(
            service="PostgreSQL",
            problem=f"the system user number {uid} has no name on this machine, which PostgreSQL needs.",
            remedy="Add the user to the system's list of users (useradd), or start ICMC as another one.",
        ) from error
    return Account(uid=uid, gid=found.pw_gid, name=found.pw_name)
