"""For whom a transaction acts: one viewer, or the system; proved by a secret that no session can ask for."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, event, text

from engine.adapters.sql.time_limits import PAGES, limited_engine
from engine.domain.policy import Viewer

FOR: Final = "icmc_for"
"""The option of a connection that says for which viewer, at what time, its transactions act; without it for all."""
_ENTER: Final = "SELECT icmc_enter(%(units)s, %(viewer)s, %(present)s, %(proof)s)"
_ENTER_FOR_ALL: Final = "SELECT icmc_enter_for_all(%(proof)s)"
_SECRET: Final = text("SELECT secret FROM wall_secret")


def secret_of(owner_url: str) -> bytes:
    """Ask, as the owner of the tables, for the secret by which a process proves for whom it acts."""
    owner = limited_engine(owner_url, PAGES, pool_size=1)
    try:
        with owner.connect() as connection:
            return bytes(connection.execute(_SECRET).scalar_one())
    finally:
        owner.dispose()


def enter_each(engine: Engine, secret: bytes) -> None:
    """Let each transaction of the writing role begin by proving for whom it acts; one that does not has no row."""
    event.listen(engine, "begin", _entering(secret))


def acting_for(engine: Engine, viewer: Viewer, now: Callable[[], datetime]) -> Engine:
    """Give an engine over the same connections whose transactions act for a viewer, from now on."""
    return engine if viewer.is_system else engine.execution_options(**{FOR: (viewer, now())})


def enter_for(connection: Connection, viewer: Viewer, now: datetime, secret: bytes) -> None:
    """Bind the rest of a transaction to what a viewer may see at an instant."""
    units, present = f"{{{','.join(str(unit) for unit in viewer.unit_ids)}}}", now.isoformat()
    proof = _proof(connection, secret, "enter", str(viewer.actor_id), units, present)
    values = {"units": units, "viewer": str(viewer.actor_id), "present": present, "proof": proof}
    connection.exec_driver_sql(_ENTER, values)


def enter_for_all(connection: Connection, secret: bytes) -> None:
    """Let the rest of a transaction of the writing role act for the system, which is bound by nothing."""
    connection.exec_driver_sql(_ENTER_FOR_ALL, {"proof": _proof(connection, secret, "all")})


def _entering(secret: bytes) -> Callable[[Connection], None]:
    def enter(connection: Connection) -> None:
        bound: tuple[Viewer, datetime] | None = connection.get_execution_options().get(FOR)
        if bound is None:
            enter_for_all(connection, secret)
        else:
            enter_for(connection, *bound, secret)

    return enter


def _proof(connection: Connection, secret: bytes, what: str, *parts: str) -> str:
    """Make the proof of an entry; it counts for the backend behind this connection only."""
    raw: Any = connection.connection.driver_connection
    told = "|".join((what, str(raw.info.backend_pid), *parts)).encode()
    return hashlib.sha256(secret + hashlib.sha256(secret + told).digest()).hexdigest()
