"""Keys of a backup from an earlier period, put back as they are wrapped now: those that lived on, and no others."""

from typing import NamedTuple

from sqlalchemy import text

from engine.adapters.period_keys import PeriodFolders
from engine.adapters.sql.time_limits import BACKGROUND, limited_engine

_AT_ONCE = 5_000
_TABLE = text("""
    CREATE TEMPORARY TABLE kept_key (
        owner_id uuid, version int, wrapped bytea, wrapped_by text, period text, PRIMARY KEY (owner_id, version))
""")
_FILL = text("INSERT INTO kept_key VALUES (:owner_id, :version, :wrapped, :wrapped_by, :period)")
_PUT_BACK = text("""
    UPDATE data_key k SET wrapped = n.wrapped, wrapped_by = n.wrapped_by, period = n.period FROM kept_key n
    WHERE k.owner_id = n.owner_id AND k.version = n.version AND k.wrapped IS NOT NULL
      AND k.period = ANY(CAST(:ended AS text[]))
""")
_NEWER = text("""
    INSERT INTO data_key (owner_id, version, wrapped, wrapped_by, period, created_at)
    SELECT n.owner_id, n.version, n.wrapped, n.wrapped_by, n.period, now() FROM kept_key n
    WHERE EXISTS (
        SELECT FROM data_key k WHERE k.owner_id = n.owner_id AND k.wrapped IS NOT NULL
          AND (k.period = ANY(CAST(:ended AS text[])) OR k.period = n.period))
    ON CONFLICT DO NOTHING
""")
_DEAD = text("""
    UPDATE data_key SET wrapped = NULL, retired_at = now()
    WHERE wrapped IS NOT NULL AND period = ANY(CAST(:ended AS text[]))
""")
_LOST = text("""
    SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL AND period <> '' AND period <> ALL(CAST(:open AS text[]))
""")
_ERASED = text("""
    UPDATE data_key k SET destroyed_at = now()
    WHERE destroyed_at IS NULL AND wrapped IS NULL AND period = ANY(CAST(:ended AS text[]))
      AND NOT EXISTS (SELECT FROM data_key o WHERE o.owner_id = k.owner_id AND o.wrapped IS NOT NULL)
""")


class PutBack(NamedTuple):
    """How many keys of a backup were put back, were thrown away since, and open only with a period key that is lost."""

    alive: int
    dead: int
    lost: int


def put_back_keys(url: str, periods: PeriodFolders) -> PutBack:
    """Wrap the keys of a restored database as they are wrapped now, where their period is over, over its owner's URL.

    What does not live on, of a period that was thrown away, was destroyed since: it is destroyed here too. Keys of a
    period that is neither here nor was thrown away stay as they are.
    """
    sql = limited_engine(url, BACKGROUND, pool_size=1)
    try:
        with sql.begin() as connection:
            connection.execute(_TABLE)
            rows = [one._asdict() for one in periods.survivors()]
            for at in range(0, len(rows), _AT_ONCE):
                connection.execute(_FILL, rows[at : at + _AT_ONCE])
            values = {"open": [one.id for one in periods.all], "ended": list(periods.ended())}
            alive = connection.execute(_PUT_BACK, values).rowcount
            connection.execute(_NEWER, values)
            dead = connection.execute(_DEAD, values).rowcount
            connection.execute(_ERASED, values)
            return PutBack(alive, dead, connection.execute(_LOST, values).scalar_one())
    finally:
        sql.dispose()
