"""Tell whether anything in the database has changed, table by table."""

from collections.abc import Collection

import psycopg

NOTED = frozenset({"audit_event", "audit_chain", "reading", "session", "known_device", "sign_in_try", "service"})
"""What every request may leave behind: who looked at what, who was refused, and that a session is still used."""


class Rows:
    """The rows of a database, as the superuser sees them."""

    def __init__(self, url: str) -> None:
        """Look at the database of `url`."""
        self._connection = psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)
        names = self._connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        self.tables = [str(row[0]) for row in names]
        self._hashes = " UNION ALL ".join(
            f"SELECT '{name}', md5(coalesce(string_agg(h, '' ORDER BY h), '')) FROM"
            f' (SELECT md5(t::text) AS h FROM "{name}" AS t) AS of_{name}'
            for name in self.tables
        )

    def state(self) -> dict[str, str]:
        """Return a hash of each table's rows, in whatever order they lie."""
        return dict(self._connection.execute(self._hashes).fetchall())

    def changed(self, before: dict[str, str], *, but: Collection[str] = NOTED) -> set[str]:
        """Name the tables that are not what they were."""
        return {name for name, value in self.state().items() if value != before[name]} - set(but)

    def all(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """Read or change rows: no rule of the application holds here."""
        done = self._connection.execute(query, values)
        return done.fetchall() if done.description else []

    def close(self) -> None:
        """Look no more."""
        self._connection.close()
