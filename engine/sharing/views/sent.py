"""What left the viewer's cases or waits to, and what other units offer to theirs."""

from sqlalchemy import and_, false, func, or_, select, true

from engine.cases.visibility import kept_by, named, not_denied
from engine.core.policy import visible_units
from engine.core.referral import UNSEEN
from engine.core.viewer import Viewer
from engine.db.reading import Reading, Row
from engine.db.shape import CASE, REFERRAL, UNIT
from engine.messages.records import OfferView, SentView
from engine.ports import Vault
from engine.sharing.referral_store import opened_to_name

_UNSEEN = tuple(status.value for status in UNSEEN)


def sent(reading: Reading, viewer: Viewer, *, limit: int = 100) -> tuple[SentView, ...]:
    """List referrals, the latest first. What was sent is not shown here: only to whom, when, and what came back."""
    same = ("id", "case_id", "kind", "status", "due_at", "sent_at", "answered_at", "sealed_to_name")
    came_in = and_(REFERRAL.c.to_unit_id.in_(sorted(visible_units(viewer))), REFERRAL.c.status.not_in(_UNSEEN))
    went_out = REFERRAL.c.unit_id.in_(sorted(visible_units(viewer)))
    ours, told = func.coalesce(kept_by(viewer), false()), named(REFERRAL.c.case_id)
    rows = reading.rows(
        select(
            *(REFERRAL.c[name] for name in same),
            told.c.number.label("case_number"),
            UNIT.c.name.label("to"),
            ours.label("is_ours"),
        )
        .select_from(
            REFERRAL.join(told, true())
            .outerjoin(CASE, CASE.c.id == REFERRAL.c.case_id)
            .outerjoin(UNIT, UNIT.c.id == REFERRAL.c.to_unit_id)
        )
        .where(or_(ours, or_(came_in, went_out) & not_denied(viewer, REFERRAL.c.case_id)))
        .order_by(REFERRAL.c.sent_at.desc(), REFERRAL.c.id)
        .limit(limit)
    )
    return tuple(_view(row, reading.vault) for row in rows)


def _view(row: Row, vault: Vault) -> SentView:
    same = {name: value for name, value in row.items() if name != "sealed_to_name"}
    return SentView(**{**same, "to": row["to"] or opened_to_name(vault, row) or "An organisation outside the network"})


_MOST = 100


def offers(reading: Reading, viewer: Viewer) -> tuple[OfferView, ...]:
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
    return tuple(_offer(reading, row) for row in reading.rows(statement))


def _offer(reading: Reading, row: Row) -> OfferView:
    same = (
        "id", "status", "sent_at", "due_at", "answered_at", "from_unit", "contact", "jurisdiction", "to_unit", "kind",
        "purpose", "help", "urgency",
    )  # fmt: skip
    shows = row["status"] == "accepted" and (row["fields"] or row["kind"] == "transfer")
    return OfferView(
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
