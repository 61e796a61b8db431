"""What the services of this installation last said of themselves."""

from sqlalchemy import select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import SERVICE


def services(reading: Reading) -> tuple[vw.ServiceState, ...]:
    """List the services by name, with their state, since when, and when they last said so (UTC)."""
    rows = reading.rows(select(SERVICE).order_by(SERVICE.c.name))
    return tuple(vw.ServiceState(**row) for row in rows)
