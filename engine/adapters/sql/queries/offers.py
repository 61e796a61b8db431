"""Work that other units have offered to the viewer's: what it is, by when, and nothing of the person."""

from sqlalchemy import select, true

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import REFERRAL, UNIT
from engine.adapters.sql.visibility import named, not_denied
from engine.domain.policy import visible_units
from engine.domain.referral import UNSEEN

_MOST = 100
_UNSEEN = tuple(status.value for status in UNSEEN)


def offers(reading: Reading, viewer: vw.Viewer) -> tuple[vw.OfferView, ...]:
    """List referrals to the viewer's units: those that wait for an answer first, then the latest."""
    to, told = UNIT.alias("to_unit"), named(REFERRAL.c.case_id, REFERRAL.c.step_id)
    statement = (
        select(
            REFERRAL.c.id, REFERRAL.c.status, REFERRAL.c.sent_at, REFERRAL.c.due_at, REFERRAL.c.answered_at,
            REFERRAL.c.case_id, REFERRAL.c.fields, REFERRAL.c.kind, REFERRAL.c.purpose, REFERRAL.c.help,
            REFERRAL.c.urgency,
            UNIT.c.name.label("from_unit"), UNIT.c.contact, UNIT.c.jurisdiction, to.c.name.label("to_unit"), *told.c,
        )
        .select_from(
            REFERRAL.join(told, true())
            .join(UNIT, UNIT.c.id == REFERRAL.c.unit_id)
            .join(to, to.c.id == REFERRAL.c.to_unit_id)
        )
        .where(REFERRAL.c.status.not_in(_UNSEEN))
        .order_by(REFERRAL.c.status != "offered", REFERRAL.c.sent_at.desc(), REFERRAL.c.id)
        .limit(_MOST)
    )  # fmt: skip
    if not viewer.is_system:
        units = sorted(visible_units(viewer))
        statement = statement.where(REFERRAL.c.to_unit_id.in_(units), not_denied(viewer, REFERRAL.c.case_id))
    return tuple(_view(reading, row) for row in reading.rows(statement))


def _view(reading: Reading, row: Row) -> vw.OfferView:
    same = (
        "id", "status", "sent_at", "due_at", "answered_at", "from_unit", "contact", "jurisdiction", "to_unit", "kind",
        "purpose", "help", "urgency",
    )  # fmt: skip
    shows = row["status"] == "accepted" and (row["fields"] or row["kind"] == "transfer")
    return vw.OfferView(
        **{name: row[name] for name in same},
        case_number=row["number"],
        what=_what(reading, row),
        case_id=row["case_id"] if shows else None,
    )


def _what(reading: Reading, row: Row) -> str:
    """Name the step as its workflow or its type does: never by words that somebody has typed."""
    if row["key"] is None:
        return "The whole case"
    return reading.known.title(row["definition_hash"], row["key"], row["uses"], None)
