"""Who may see a case, by which way and until when, and what was opened in an emergency."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select

from engine.access.records import ANSWER_WITHIN, AccessView, GrantView, RecusalView
from engine.approvals.records import ApprovalKind
from engine.audit.records import ConcernLine, EmergencyLine, EmergencyView
from engine.cases.visibility import GRANT, kept_by
from engine.core.access import ADD_FILES, RecusalReason, shown_in
from engine.core.policy import Action, Viewer, can, require
from engine.db.reading import Reading, Row
from engine.db.shape import ACTOR, CASE, ORGANISATION, RECUSAL, UNIT
from engine.db.tables import TABLES
from engine.errors import NotFoundError
from engine.keys.vault import Vault

_REQUEST = TABLES["approval_request"]


def case_access(reading: Reading, viewer: Viewer, case_id: UUID) -> AccessView:
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
    require(viewer, Action.SEE_ACCESS, unit_id=kept["unit_id"])
    may_recuse = can(viewer, Action.RECUSE, unit_id=kept["unit_id"])
    found = _recusals(reading, viewer, case_id)
    shown = [one for one in found if may_recuse or one.reason != RecusalReason.CONFLICT_OF_INTEREST]
    return AccessView(
        unit=kept["name"],
        grants=_grants(reading, case_id),
        recusals=tuple(shown),
        conflicts=len(found) - len(shown),
        may_recuse=may_recuse,
    )


def _grants(reading: Reading, case_id: UUID) -> tuple[GrantView, ...]:
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
        GrantView(
            **{**row, "fields": shown_in(row["fields"])},
            is_live=_is_live(row, reading),
            may_add_files=ADD_FILES in row["fields"],
        )
        for row in rows
    )


def _is_live(row: Row, reading: Reading) -> bool:
    return row["ended_at"] is None and (row["until"] is None or row["until"] > reading.now)


def _recusals(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[RecusalView, ...]:
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
        RecusalView(
            **{name: value for name, value in row.items() if name != "asker_id"},
            is_asked_by_viewer=row["asker_id"] == viewer.actor_id,
        )
        for row in rows
    )


_EMERGENCY, _CONCERN, _GRANT = TABLES["emergency_access"], TABLES["concern"], TABLES["grant"]
_APPROVAL = TABLES["approval_request"]
_SECOND = ACTOR.alias()
_SHOWN = timedelta(days=30)


def my_emergencies(reading: Reading, viewer: Viewer) -> tuple[EmergencyLine, ...]:
    """List what the viewer asked for in the last 30 days: nothing says whether there is such a case."""
    query = select(
        _EMERGENCY.c.id,
        _EMERGENCY.c.encrypted_number,
        _EMERGENCY.c.reason_code,
        _EMERGENCY.c.asked_at,
        _EMERGENCY.c.ends_at,
    ).where(_EMERGENCY.c.actor_id == viewer.actor_id, _EMERGENCY.c.asked_at > reading.now - _SHOWN)
    rows = reading.rows(query.order_by(_EMERGENCY.c.asked_at.desc(), _EMERGENCY.c.id))
    return tuple(
        EmergencyLine(
            number=_opened(reading.vault, row, "encrypted_number"), reason_code=row["reason_code"],
            asked_at=row["asked_at"], ends_at=row["ends_at"],
        )
        for row in rows
    )  # fmt: skip


def emergencies_to_confirm(reading: Reading, viewer: Viewer) -> tuple[EmergencyView, ...]:
    """List what was opened in an emergency of the units whose emergency access the viewer confirms, without words."""
    return tuple(_emergency_view(row, viewer) for row in _emergency_rows(reading, viewer))


def emergency(reading: Reading, viewer: Viewer, request_id: UUID) -> EmergencyView:
    """Return one of them with its words; the caller records the act. Raises `NotFoundError`."""
    return _emergency_view(_emergency_rows(reading, viewer, request_id)[0], viewer, reading.vault)


def _emergency_rows(reading: Reading, viewer: Viewer, request_id: UUID | None = None) -> Sequence[Row]:
    """Fetch what was opened of the units that the viewer confirms for; raises `NotFoundError` for one that is not.

    Left out the request, it is what nobody has answered, and what was asked for in the last 30 days.
    """
    recent = or_(_APPROVAL.c.answered_at.is_(None), _EMERGENCY.c.asked_at > reading.now - _SHOWN)
    which: ColumnElement[bool] = recent if request_id is None else _EMERGENCY.c.id == request_id
    rows = reading.rows(
        select(
            _EMERGENCY, CASE.c.number.label("case_number"), ACTOR.c.name.label("actor"),
            UNIT.c.name.label("actor_unit"),
            _APPROVAL.c.approved, _SECOND.c.name.label("answered_by"),
        )
        .select_from(
            _EMERGENCY.join(CASE, CASE.c.id == _EMERGENCY.c.case_id)
            .join(ACTOR, ACTOR.c.id == _EMERGENCY.c.actor_id)
            .join(_GRANT, _GRANT.c.id == _EMERGENCY.c.grant_id)
            .join(UNIT, UNIT.c.id == _GRANT.c.unit_id)
            .join(_APPROVAL, _APPROVAL.c.id == _EMERGENCY.c.approval_id)
            .outerjoin(_SECOND, _SECOND.c.id == _APPROVAL.c.answered_by)
        )
        .where(kept_by(viewer, Action.CONFIRM_EMERGENCY), which)
        .order_by(_EMERGENCY.c.asked_at.desc(), _EMERGENCY.c.id)
    )  # fmt: skip
    if request_id is not None and not rows:
        raise NotFoundError(kind="request")
    return rows


def _emergency_view(row: Row, viewer: Viewer, vault: Vault | None = None) -> EmergencyView:
    """Make a view of a row; the words are opened only with the vault."""
    words = _opened(vault, row, "encrypted_words") if vault is not None else ""
    return EmergencyView(
        id=row["id"], case_id=row["case_id"], case_number=row["case_number"], actor=row["actor"],
        actor_unit=row["actor_unit"], is_mine=row["actor_id"] == viewer.actor_id, reason_code=row["reason_code"],
        words=words, asked_at=row["asked_at"], ends_at=row["ends_at"], answer_by=row["asked_at"] + ANSWER_WITHIN,
        answered_by=row["answered_by"] or "",
        answer={None: "", True: "confirmed", False: "ended"}[row["approved"]],
    )  # fmt: skip


def _opened(vault: Vault, row: Row, column: str) -> str:
    """Open what was typed in a request; empty when nothing is kept."""
    if row[column] is None:
        return ""
    return str(vault.decrypt(row[column], table="emergency_access", row=row["id"], column=column))


def concerns(reading: Reading, viewer: Viewer) -> tuple[ConcernLine, ...]:
    """List what the viewer told, and what was told to them, the latest first."""
    rows = reading.rows(
        select(_CONCERN, ACTOR.c.name.label("about"))
        .select_from(_CONCERN.join(ACTOR, ACTOR.c.id == _CONCERN.c.about_id))
        .where(or_(_CONCERN.c.raised_by == viewer.actor_id, _CONCERN.c.recipient_id == viewer.actor_id))
        .order_by(_CONCERN.c.raised_at.desc(), _CONCERN.c.id)
    )
    return tuple(
        ConcernLine(
            id=row["id"], kind=row["kind"], about=row["about"], status=row["status"], raised_at=row["raised_at"],
            is_mine=row["raised_by"] == viewer.actor_id,
        )
        for row in rows
    )  # fmt: skip
