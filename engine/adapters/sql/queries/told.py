"""Break-glass as its leads and who asked see it, and what was told in confidence."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from engine import views as vw
from engine.adapters.sql import tables as tb
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import ACTOR, CASE, UNIT
from engine.adapters.sql.visibility import kept_by
from engine.domain.break_glass import ANSWER_WITHIN
from engine.domain.policy import Action
from engine.errors import NotFoundError
from engine.ports import Vault

_TABLES = tb.BreakGlassRow.metadata.tables
_GLASS, _CONCERN, _GRANT = _TABLES["break_glass"], _TABLES["concern"], _TABLES["grant"]
_APPROVAL = _TABLES["approval_request"]
_SECOND = ACTOR.alias()
_SHOWN = timedelta(days=30)


def my_glass(reading: Reading, viewer: vw.Viewer) -> tuple[vw.GlassLine, ...]:
    """List what the viewer asked for in the last 30 days: nothing says whether there is such a case."""
    query = select(
        _GLASS.c.id, _GLASS.c.sealed_number, _GLASS.c.reason_code, _GLASS.c.asked_at, _GLASS.c.ends_at
    ).where(_GLASS.c.actor_id == viewer.actor_id, _GLASS.c.asked_at > reading.now - _SHOWN)
    rows = reading.rows(query.order_by(_GLASS.c.asked_at.desc(), _GLASS.c.id))
    return tuple(
        vw.GlassLine(
            number=_opened(reading.vault, row, "sealed_number"), reason_code=row["reason_code"],
            asked_at=row["asked_at"], ends_at=row["ends_at"],
        )
        for row in rows
    )  # fmt: skip


def glass_to_confirm(reading: Reading, viewer: vw.Viewer) -> tuple[vw.GlassView, ...]:
    """List what was opened in an emergency of the units whose glass the viewer confirms, without words."""
    return tuple(_glass_view(row, viewer) for row in _glass_rows(reading, viewer))


def glass(reading: Reading, viewer: vw.Viewer, request_id: UUID) -> vw.GlassView:
    """Return one of them with its words; the caller records the act. Raises `NotFoundError`."""
    return _glass_view(_glass_rows(reading, viewer, request_id)[0], viewer, reading.vault)


def _glass_rows(reading: Reading, viewer: vw.Viewer, request_id: UUID | None = None) -> Sequence[Row]:
    """Fetch what was opened of the units whose glass the viewer confirms; raises `NotFoundError` for one that is not.

    Left out the request, it is what nobody has answered, and what was asked for in the last 30 days.
    """
    recent = or_(_APPROVAL.c.answered_at.is_(None), _GLASS.c.asked_at > reading.now - _SHOWN)
    which: ColumnElement[bool] = recent if request_id is None else _GLASS.c.id == request_id
    rows = reading.rows(
        select(
            _GLASS, CASE.c.number.label("case_number"), ACTOR.c.name.label("actor"), UNIT.c.name.label("actor_unit"),
            _APPROVAL.c.approved, _SECOND.c.name.label("answered_by"),
        )
        .select_from(
            _GLASS.join(CASE, CASE.c.id == _GLASS.c.case_id)
            .join(ACTOR, ACTOR.c.id == _GLASS.c.actor_id)
            .join(_GRANT, _GRANT.c.id == _GLASS.c.grant_id)
            .join(UNIT, UNIT.c.id == _GRANT.c.unit_id)
            .join(_APPROVAL, _APPROVAL.c.id == _GLASS.c.approval_id)
            .outerjoin(_SECOND, _SECOND.c.id == _APPROVAL.c.answered_by)
        )
        .where(kept_by(viewer, Action.CONFIRM_GLASS), which)
        .order_by(_GLASS.c.asked_at.desc(), _GLASS.c.id)
    )  # fmt: skip
    if request_id is not None and not rows:
        raise NotFoundError(kind="request")
    return rows


def _glass_view(row: Row, viewer: vw.Viewer, vault: Vault | None = None) -> vw.GlassView:
    """Make a view of a row; the words are opened only with the vault."""
    words = _opened(vault, row, "sealed_words") if vault is not None else ""
    return vw.GlassView(
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
    return str(vault.unseal(row[column], table="break_glass", row=row["id"], column=column))


def concerns(reading: Reading, viewer: vw.Viewer) -> tuple[vw.ConcernLine, ...]:
    """List what the viewer told, and what was told to them, the latest first."""
    rows = reading.rows(
        select(_CONCERN, ACTOR.c.name.label("about"))
        .select_from(_CONCERN.join(ACTOR, ACTOR.c.id == _CONCERN.c.about_id))
        .where(or_(_CONCERN.c.raised_by == viewer.actor_id, _CONCERN.c.recipient_id == viewer.actor_id))
        .order_by(_CONCERN.c.raised_at.desc(), _CONCERN.c.id)
    )
    return tuple(
        vw.ConcernLine(
            id=row["id"], kind=row["kind"], about=row["about"], status=row["status"], raised_at=row["raised_at"],
            is_mine=row["raised_by"] == viewer.actor_id,
        )
        for row in rows
    )  # fmt: skip
