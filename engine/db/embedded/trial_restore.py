"""Restore a backup into a scratch database for as long as somebody looks at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy.engine import make_url

from engine.db.embedded.checksums import require_checksum
from engine.db.embedded.databases import OWNER, connected, create_closed_database, drop_database
from engine.db.embedded.restore import restore_into


@contextmanager
def restored_for_trial(file: Path, url: str) -> Iterator[str]:
    """Restore a backup beside the database of `url`, an administrator's; gives the scratch one's URL, and drops it.

    Raises SettingsError when a file is missing, DamagedError when the file does not verify, ServiceError when the
    restore fails.
    """
    require_checksum(file)
    scratch = f"{make_url(url).database}_trial_{uuid4().hex[:8]}"
    with connected(url) as connection:
        create_closed_database(connection, scratch, owner=OWNER)
    try:
        restore_into(url, scratch, file)
        yield make_url(url).set(database=scratch).render_as_string(hide_password=False)
    finally:
        drop_database(url, scratch)
