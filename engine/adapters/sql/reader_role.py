"""What the role can that reads for viewers: read rows that are shown to the viewer of its transaction, and no more."""

import hashlib
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from engine.adapters.sql.in_hand import asked_over
from engine.domain.policy import Viewer

READER: Final = "icmc_reader"
POLICY: Final = "reader_wall"
NEVER_READ: Final = frozenset({
    "alembic_version", "api_key", "kept_form", "known_device", "open_words", "sign_in_habit", "sign_in_try",
    "wall_secret",
})  # fmt: skip
"""What no page, export or list is made of."""
READ_IN_PART: Final = {
    "invitation": frozenset({"actor_id", "cancelled_at", "expires_at", "used_at"}),
    "recovery_code": frozenset({"actor_id", "used_at"}),
    "second_factor": frozenset({"actor_id", "confirmed_at"}),
    "session": frozenset({"actor_id", "seen_at"}),
}
"""What the pages about people are told of how they sign in: that there is something, and since when."""
HIDDEN_COLUMNS: Final = {"actor": frozenset({"password_hash"})}
_VERSION: Final = "1"
"""Grows when the policies are to be made anew from the same ones of the writing role."""
_ENTER: Final = text("SELECT icmc_enter(:units, :viewer, :present, :proof)")
_SECRET: Final = text("SELECT icmc_wall_secret()")
_TABLES: Final = text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
_COLUMNS: Final = text("""
    SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped
""")
_POLICIES: Final = text("""
    SELECT of.relname AS name, pg_get_expr(wall.polqual, wall.polrelid) AS shown,
        obj_description(mine.oid, 'pg_policy') AS made_of, mine.oid IS NOT NULL AS is_there
    FROM pg_policy wall JOIN pg_class of ON of.oid = wall.polrelid
        LEFT JOIN pg_policy mine ON mine.polrelid = of.oid AND mine.polname = 'reader_wall'
    WHERE wall.polname = 'second_wall' AND of.relnamespace = 'public'::regnamespace
""")
_IS_OPEN: Final = re.compile(r"\(current_setting\('icmc\.wall'::text, true\) = 'open'::text\)")
_LIST: Final = re.compile(r"\(NULLIF\(current_setting\('icmc\.(\w+)'::text, true\), ''::text\)\)::uuid\[\]")
_ONE: Final = re.compile(r"\(NULLIF\(current_setting\('icmc\.(\w+)'::text, true\), ''::text\)\)::uuid\b(?!\[)")


def admit_reader(connection: Connection) -> None:
    """Give the reading role its rights and policies, as they follow from what the migrations have made."""
    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {READER}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {READER}"))
    for name in connection.execute(_TABLES).scalars().all():
        if name in NEVER_READ:
            continue
        columns = ""
        if name in READ_IN_PART or name in HIDDEN_COLUMNS:
            known = set(connection.execute(_COLUMNS, {"name": f'public."{name}"'}).scalars())
            readable = READ_IN_PART.get(name, known) - HIDDEN_COLUMNS.get(name, frozenset())
            columns = f" ({', '.join(sorted(readable))})"
        connection.execute(text(f'GRANT SELECT{columns} ON "{name}" TO {READER}'))
    for row in connection.execute(_POLICIES).mappings().all():
        made_of = _VERSION + hashlib.sha256(row["shown"].encode()).hexdigest()
        if row["made_of"] == made_of:
            continue
        if row["is_there"]:
            connection.execute(text(f'DROP POLICY {POLICY} ON "{row["name"]}"'))
        shown = for_reader(row["shown"]).replace(":", r"\:")
        connection.execute(text(f'CREATE POLICY {POLICY} ON "{row["name"]}" FOR SELECT TO {READER} USING ({shown})'))
        connection.execute(text(f"COMMENT ON POLICY {POLICY} ON \"{row['name']}\" IS '{made_of}'"))


def for_reader(shown: str) -> str:
    """Return the condition of a policy so that it asks what is proved, and no setting that anybody can make.

    Raise `ValueError` where one is left that could be made.
    """
    told = _IS_OPEN.sub("false", shown)
    told = _LIST.sub(r"icmc_seen('\1'::text)", told)
    told = _ONE.sub(r"(icmc_seen('\1'::text))[1]", told)
    if "current_setting" in told:
        message = f"a policy asks a setting that is not known: {told}"
        raise ValueError(message)
    return told


def read_for(connection: Connection, viewer: Viewer, now: datetime, secret: bytes) -> None:
    """Bind the rest of a transaction of the reading role to what a viewer may see at an instant."""
    raw: Any = connection.connection.driver_connection
    units, present = f"{{{','.join(str(unit) for unit in viewer.unit_ids)}}}", now.isoformat()
    told = f"enter|{raw.info.backend_pid}|{viewer.actor_id}|{units}|{present}".encode()
    proof = hashlib.sha256(secret + hashlib.sha256(secret + told).digest()).hexdigest()
    values = {"units": units, "viewer": str(viewer.actor_id), "present": present, "proof": proof}
    connection.execute(_ENTER, values)


@lru_cache(maxsize=64)
def secret_of(writer: Engine) -> bytes:
    """Ask, as the writing role, for the secret by which readings are proved."""
    with asked_over(writer) as connection:
        return bytes(connection.execute(_SECRET).scalar_one())
