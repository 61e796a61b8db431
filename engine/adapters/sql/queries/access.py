"""Who may see a case, by which way and until when; and who must not."""

from uuid import UUID

from sqlalchemy import case, func, or_, select

from engine import views as vw
from engine.adapters.sql import tables as tb
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import ACTOR, CASE, ORGANISATION, RECUSAL, UNIT
from engine.adapters.sql.visibility import GRANT, kept_by
from engine.domain.access import RecusalReason
from engine.domain.four_eyes import ApprovalKind
from engine.domain.narrowing import ADD_FILES, shown_in
from engine.domain.policy import Action, can
from engine.errors import NotAllowedError, NotFoundError

_REQUEST = tb.ApprovalRequestRow.metadata.tables["approval_request"]


def case_access(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> vw.AccessView:
    """List who may see a case and who must not, for those of its own unit who answer for that.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    kept = reading.first(
        select(CASE.c.unit_id, UNIT.c.name)
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(CASE.c.id == case_id, kept_by(viewer))
    )
    if kept is None:
        raise NotFoundError(kind="case")
    if not can(viewer, Action.SEE_ACCESS, unit_id=kept["unit_id"]):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_ACCESS.value)
    may_recuse = can(viewer, Action.RECUSE, unit_id=kept["unit_id"])
    found = _recusals(reading, viewer, case_id)
    shown = [one for one in found if may_recuse or one.reason != RecusalReason.CONFLICT_OF_INTEREST]
    return vw.AccessView(
        unit=kept["name"],
        grants=_grants(reading, case_id),
        recusals=tuple(shown),
        conflicts=len(found) - len(shown),
        may_recuse=may_recuse,
    )


def _grants(reading: Reading, case_id: UUID) -> tuple[vw.GrantView, ...]:
    who, giver, second = (ACTOR.alias(name) for name in ("who", "giver", "second"))
    same = ("id", "kind", "purpose", "fields", "granted_at", "ended_at", "ended_reason")
    rows = reading.rows(
        select(
            *(GRANT.c[name] for name in same), GRANT.c.valid_until.label("until"), UNIT.c.name.label("unit"),
            who.c.name.label("actor"), giver.c.name.label("granted_by"), second.c.name.label("second_by"),
        )
        .select_from(
            GRANT.join(UNIT, UNIT.c.id == GRANT.c.unit_id)
            .outerjoin(who, who.c.id == GRANT.c.actor_id)
            .outerjoin(giver, giver.c.id == GRANT.c.granted_by)
            .outerjoin(second, second.c.id == GRANT.c.second_by)
        )
        .where(GRANT.c.case_id == case_id)
        .order_by(GRANT.c.ended_at.is_not(None), GRANT.c.granted_at.desc(), GRANT.c.id)
    )  # fmt: skip
    return tuple(
        vw.GrantView(
            **{**row, "fields": shown_in(row["fields"])},
            is_live=_is_live(row, reading),
            may_add_files=ADD_FILES in row["fields"],
        )
        for row in rows
    )


def _is_live(row: Row, reading: Reading) -> bool:
    return row["ended_at"] is None and (row["until"] is None or row["until"] > reading.now)


def _recusals(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.RecusalView, ...]:
    """List the recusals of a case, but no conflict of interest that has ended: nobody is ever told of their own."""
    setter, asker = ACTOR.alias("setter"), ACTOR.alias("asker")
    waits = (_REQUEST.c.answered_at.is_(None)) & (_REQUEST.c.expires_at > reading.now)
    is_its = (_REQUEST.c.subject_id == RECUSAL.c.id) & (_REQUEST.c.kind == ApprovalKind.LIFT_DENIAL.value)
    is_denial = RECUSAL.c.reason == RecusalReason.DENIED.value
    rows = reading.rows(
        select(
            RECUSAL.c.id, RECUSAL.c.reason, RECUSAL.c.reason_code, RECUSAL.c.set_at, RECUSAL.c.ended_at,
            setter.c.name.label("set_by"),
            func.coalesce(ACTOR.c.name, UNIT.c.name, ORGANISATION.c.name).label("whom"),
            case(
                (RECUSAL.c.actor_id.is_not(None), "person"), (RECUSAL.c.unit_id.is_not(None), "unit"),
                else_="organisation",
            ).label("kind"),
            _REQUEST.c.id.label("request_id"), _REQUEST.c.asked_by.label("asker_id"), asker.c.name.label("asked_by"),
        )
        .select_from(
            RECUSAL.outerjoin(ACTOR, ACTOR.c.id == RECUSAL.c.actor_id)
            .outerjoin(UNIT, UNIT.c.id == RECUSAL.c.unit_id)
            .outerjoin(ORGANISATION, ORGANISATION.c.id == RECUSAL.c.organisation_id)
            .outerjoin(setter, setter.c.id == RECUSAL.c.set_by)
            .outerjoin(_REQUEST, (_REQUEST.c.case_id == RECUSAL.c.case_id) & is_its & waits)
            .outerjoin(asker, asker.c.id == _REQUEST.c.asked_by)
        )
        .where(RECUSAL.c.case_id == case_id, or_(RECUSAL.c.ended_at.is_(None), is_denial))
        .order_by(RECUSAL.c.ended_at.is_not(None), RECUSAL.c.set_at, RECUSAL.c.id)
    )  # fmt: skip
    return tuple(
        vw.RecusalView(
            **{name: value for name, value in row.items() if name != "asker_id"},
            is_asked_by_viewer=row["asker_id"] == viewer.actor_id,
        )
        for row in rows
    )
