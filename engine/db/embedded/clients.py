"""Run PostgreSQL's client programs with the address and the password in their environment, never in arguments."""

import os
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from engine.db.embedded.binaries import client_program
from engine.errors import ServiceError

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
