"""What left the viewer's cases, or waits to, and what other units sent to theirs."""

from sqlalchemy import and_, false, func, or_, select, true

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import CASE, REFERRAL, UNIT
from engine.adapters.sql.referral_store import opened_to_name
from engine.adapters.sql.visibility import kept_by, named, not_denied
from engine.domain.policy import visible_units
from engine.domain.referral import UNSEEN
from engine.ports import Vault

_UNSEEN = tuple(status.value for status in UNSEEN)


def sent(reading: Reading, viewer: vw.Viewer, *, limit: int = 100) -> tuple[vw.SentView, ...]:
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


def _view(row: Row, vault: Vault) -> vw.SentView:
    same = {name: value for name, value in row.items() if name != "sealed_to_name"}
    return vw.SentView(
        **{**same, "to": row["to"] or opened_to_name(vault, row) or "An organisation outside the network"}
    )
