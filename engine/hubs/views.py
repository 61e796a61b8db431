"""Hubs elsewhere and how their lines stand, what they ask, and what went to and fro about a case."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from engine.cases.visibility import kept_by
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.db.reading import Reading, Row, few
from engine.db.shape import ACTOR, CASE, UNIT
from engine.db.tables import TABLES
from engine.errors import KeyMissingError, NotAllowedError, NotFoundError
from engine.hubs.envelope import PublicKeys
from engine.hubs.records import HubLine, HubView, Kind, MirrorView, PeerStatus, instant
from engine.sharing.records.consent import NamedView

_PEER, _MIRROR, _MESSAGE = (TABLES[name] for name in ("peer_hub", "mirror", "hub_message"))
_MOST: Final = 100
_OPEN: Final = frozenset({Kind.STEP.value, Kind.CLOSED.value})
"""What names nobody: shown without a look being recorded."""


def hubs(reading: Reading, viewer: Viewer) -> tuple[HubView, ...]:
    """List the hubs elsewhere with what waits for them; raise `NotAllowedError`."""
    if not (can(viewer, Action.KEEP_CHANNELS) or can(viewer, Action.AGREE_HUB)):
        raise NotAllowedError(actor=viewer.name, action=Action.KEEP_CHANNELS.value)
    waits = and_(_MESSAGE.c.hub_id == _PEER.c.id, ~_MESSAGE.c.came_in, _MESSAGE.c.settled_at.is_(None))
    asker, second = ACTOR.alias("asker"), ACTOR.alias("second")
    rows = reading.rows(
        select(
            _PEER, UNIT.c.name.label("unit"), asker.c.name.label("asker_name"), second.c.name.label("second_name"),
            _count(waits, func.count()).label("waiting"), _count(waits, func.min(_MESSAGE.c.at)).label("waits_since"),
        )
        .select_from(
            _PEER.join(UNIT, UNIT.c.id == _PEER.c.unit_id)
            .outerjoin(asker, asker.c.id == _PEER.c.asked_by)
            .outerjoin(second, second.c.id == _PEER.c.confirmed_by)
        )
        .order_by(_PEER.c.status == PeerStatus.ENDED.value, _PEER.c.name, _PEER.c.id)
    )  # fmt: skip
    return tuple(_hub(row, viewer) for row in rows)


def _count(waits: ColumnElement[bool], what: ColumnElement[Any]) -> Any:  # noqa: ANN401 - a scalar of SQLAlchemy
    return select(what).select_from(_MESSAGE).where(waits).correlate(_PEER).scalar_subquery()


def _hub(row: Row, viewer: Viewer) -> HubView:
    same = (
        "id", "name", "address", "unit", "status", "heard_at", "skew_seconds", "down_since", "next_try_at",
        "line_error", "waiting", "waits_since",
    )  # fmt: skip
    return HubView(
        **{name: row[name] for name in same},
        fingerprint=PublicKeys(bytes(row["sign_key"]), bytes(row["agree_key"]), row["wire_id"]).fingerprint,
        key_changes=len(row["key_changes"]),
        keys_at=instant(row["key_changes"][-1]["taken_at"]) if row["key_changes"] else None,
        asked_by=row["asker_name"] or "",
        is_mine=row["asked_by"] == viewer.actor_id,
        confirmed_by=row["second_name"] or "",
    )


def hubs_to_ask(reading: Reading, viewer: Viewer) -> tuple[NamedView, ...]:  # noqa: ARG001 - as every view
    """Name the hubs that can be asked for help: anybody may need to know."""
    live = select(_PEER.c.id, _PEER.c.name).where(_PEER.c.status == PeerStatus.LIVE.value)
    return tuple(NamedView(**row) for row in reading.rows(live.order_by(_PEER.c.name, _PEER.c.id)))


def hub_requests(reading: Reading, viewer: Viewer) -> tuple[MirrorView, ...]:
    """List what other hubs ask of the viewer's units, the latest first; of what was accepted, where they see the case.

    Nothing of a person is in it before it was accepted, and none of it is here afterwards.
    """
    theirs = _MIRROR.c.unit_id.in_(sorted(units_that_let(viewer, Action.REFER)))
    seen = exists().where(CASE.c.id == _MIRROR.c.case_id, kept_by(viewer))
    rows = reading.rows(
        _mirrors()
        .where(_MIRROR.c.came_in, or_(and_(_MIRROR.c.case_id.is_(None), theirs), seen))
        .order_by(_MIRROR.c.answered_at.is_not(None), _MIRROR.c.offered_at.desc(), _MIRROR.c.id)
        .limit(few(_MOST))
    )
    return tuple(_mirror(row) for row in rows)


def case_hubs(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[MirrorView, ...]:
    """Show what went to other hubs about a case and what came back, to those of its unit; raise `NotFoundError`.

    What was shown of persons, asked or noted is not in it: an action reveals that, and records who looked.
    """
    if reading.first(select(CASE.c.id).where(CASE.c.id == case_id, kept_by(viewer))) is None:
        raise NotFoundError(kind="case")
    rows = reading.rows(_mirrors().where(_MIRROR.c.case_id == case_id).order_by(_MIRROR.c.offered_at, _MIRROR.c.id))
    said = reading.rows(
        select(_MESSAGE, ACTOR.c.name.label("by_name"))
        .select_from(
            _MESSAGE.join(_MIRROR, and_(_MIRROR.c.hub_id == _MESSAGE.c.hub_id, _MIRROR.c.ref == _MESSAGE.c.ref))
            .outerjoin(ACTOR, ACTOR.c.id == _MESSAGE.c.by)
        )
        .where(_MIRROR.c.case_id == case_id, _MESSAGE.c.kind != Kind.VOID.value)
        .order_by(_MESSAGE.c.at, _MESSAGE.c.number)
    )  # fmt: skip
    return tuple(
        _mirror(row).model_copy(update={"lines": tuple(_line(reading, one) for one in said if _is_of(one, row))})
        for row in rows
    )


def _is_of(message: Row, mirror: Row) -> bool:
    return (message["hub_id"], message["ref"]) == (mirror["hub_id"], mirror["ref"])


def _mirrors() -> Select[Any]:
    return select(_MIRROR, _PEER.c.name.label("hub"), _PEER.c.skew_seconds, _PEER.c.down_since).join(
        _PEER, _PEER.c.id == _MIRROR.c.hub_id
    )


def _mirror(row: Row) -> MirrorView:
    return MirrorView(**{name: row[name] for name in MirrorView.model_fields if name != "lines"})


def _line(reading: Reading, row: Row) -> HubLine:
    same = {name: row[name] for name in ("id", "came_in", "kind", "at", "sent_at", "settled_at", "problem")}
    said = _opened(reading, row) if row["kind"] in _OPEN else {}
    return HubLine(
        **same, by=row["by_name"] or "", label=str(said.get("label") or ""), outcome=str(said.get("outcome") or ""),
        happened_at=instant(said.get("done_at") or said.get("closed_at")),
    )  # fmt: skip


def _opened(reading: Reading, row: Row) -> Mapping[str, Any]:
    if row["encrypted_body"] is None:
        return {}
    try:
        read = reading.vault.decrypt(row["encrypted_body"], table="hub_message", row=row["id"], column="encrypted_body")
    except KeyMissingError:
        return {}
    return read if isinstance(read, dict) else {}
