"""What is held back, sealed, to be erased or due, in the viewer's units: ids, codes and instants, no content."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, select, true

from engine.approvals.records import ApprovalKind
from engine.cases.visibility import named, positions, visible_to
from engine.core.policy import Action, Viewer, require, units_that_let
from engine.core.retention import GROUNDS_TO_ERASE, GROUNDS_TO_RESTRICT, HOLD_WORDS, KEPT_SINCE
from engine.db.reading import Reading, Row, few
from engine.db.shape import ACTOR, CASE, MEMBERSHIP
from engine.db.tables import TABLES
from engine.errors import NotFoundError
from engine.language.names import Role
from engine.retention.records import (
    EraseCopyView,
    ErasureView,
    LegalHoldView,
    ProposalView,
    RestrictionView,
    RetentionView,
)

HOLD, RESTRICT, ERASURE, APPROVAL, PROPOSAL, NOTICE = (
    TABLES[name]
    for name in (
        "legal_hold", "restriction", "erasure", "approval_request", "retention_proposal", "erasure_notice",
    )
)  # fmt: skip
INSTALLATION = TABLES["installation"]
_MOST = 200
_TURNS_WITHIN = timedelta(hours=1)
_OVER = ("done", "refused", "withdrawn")


def keeping(reading: Reading, viewer: Viewer, case_id: UUID | None = None) -> RetentionView:
    """List what holds or waits, of one case or of all that the viewer sees; what is over comes last and is cut short.

    Raises `NotAllowedError`, and `NotFoundError` for a case that the viewer does not see.
    """
    require(viewer, Action.SEE_RETENTION)
    seen = _seen(reading, viewer)
    if case_id is not None:
        seen = and_(seen, CASE.c.id == case_id)
    is_there = reading.soon(reading.first, select(CASE.c.id).where(seen).limit(few(1)))
    erasures, proposals = reading.soon(_erasures, reading, seen), reading.soon(_proposals, reading, seen)
    holds, restrictions = reading.soon(_holds, reading, seen), reading.soon(_restrictions, reading, seen)
    to_erase = reading.soon(_to_erase, reading, viewer)
    if case_id is not None and is_there() is None:
        raise NotFoundError(kind="case")
    return RetentionView(
        erasures=erasures(),
        proposals=proposals(),
        holds=holds(),
        restrictions=restrictions(),
        to_erase=() if case_id else to_erase(),
    )


def _seen(reading: Reading, viewer: Viewer) -> ColumnElement[bool]:
    seen = visible_to(viewer, now=reading.present)
    if viewer.is_system:
        return seen
    return and_(seen, CASE.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_RETENTION))))


def _erasures(reading: Reading, seen: ColumnElement[bool]) -> tuple[ErasureView, ...]:
    rows = reading.rows(
        select(ERASURE, CASE.c.number.label("case_number"), ACTOR.c.name.label("asked_by_name"))
        .select_from(
            ERASURE.join(CASE, CASE.c.id == ERASURE.c.case_id).outerjoin(ACTOR, ACTOR.c.id == ERASURE.c.asked_by)
        )
        .where(seen)
        .order_by(ERASURE.c.status.in_(_OVER), ERASURE.c.asked_at.desc(), ERASURE.c.id)
        .limit(few(_MOST))
    )
    of_persons = reading.soon(positions, reading, [row["case_id"] for row in rows])
    said, since = reading.soon(_agreed, reading, [row["id"] for row in rows]), reading.soon(_kept_since, reading)
    numbers, agreed, kept_since = of_persons(), said(), since()
    return tuple(
        ErasureView(
            **{name: row[name] for name in _SAME},
            person_label=f"Person {numbers.get((row['case_id'], row['person_id']), '?')}",
            ground=GROUNDS_TO_ERASE.get(row["ground_code"], row["ground_code"]),
            asked_by=row["asked_by_name"] or "this machine",
            asked_by_id=row["asked_by"],
            agreed=tuple(f"{one['role_words']}: {one['name']}" for one in agreed.get(row["id"], ())),
            agreed_ids=tuple(one["actor_id"] for one in agreed.get(row["id"], ())),
            copies=_copies(row, kept_since, reading.now),
        )
        for row in rows
    )


_SAME = (
    "id", "case_id", "case_number", "status", "source", "asked_at", "cooling_until", "ended_at", "ended_reason",
    "keys_gone_at",
)  # fmt: skip


def _copies(row: Row, kept_since: datetime | None, now: datetime) -> str:
    """Say it by what was done, not by the date alone: a worker that stood still has thrown no key away."""
    if row["status"] != "done" or row["keys_gone_at"] is None:
        return ""
    if kept_since is not None and row["ended_at"] < kept_since:
        return "dead"
    return "late" if now > row["keys_gone_at"] + _TURNS_WITHIN else "later"


def _kept_since(reading: Reading) -> datetime | None:
    row = reading.first(select(INSTALLATION.c.value).where(INSTALLATION.c.key == KEPT_SINCE))
    return datetime.fromisoformat(row["value"]["since"]) if row else None


def _agreed(reading: Reading, erasure_ids: list[UUID]) -> dict[UUID, list[dict[str, object]]]:
    if not erasure_ids:
        return {}
    rows = reading.rows(
        select(APPROVAL.c.subject_id, APPROVAL.c.agreed).where(
            APPROVAL.c.kind == ApprovalKind.ERASURE.value, APPROVAL.c.subject_id.in_(erasure_ids)
        )
    )
    each = [(row["subject_id"], UUID(one["actor_id"]), one["role"]) for row in rows for one in row["agreed"]]
    people = reading.rows(select(ACTOR.c.id, ACTOR.c.name).where(ACTOR.c.id.in_([actor for _, actor, _ in each])))
    names = {row["id"]: row["name"] for row in people}
    labels = {role.value: role.label for role in Role}
    found: dict[UUID, list[dict[str, object]]] = {}
    for erasure_id, actor, role in each:
        line = {"name": names.get(actor, ""), "actor_id": actor, "role_words": labels.get(role, role)}
        found.setdefault(erasure_id, []).append(line)
    return found


def _proposals(reading: Reading, seen: ColumnElement[bool]) -> tuple[ProposalView, ...]:
    rows = reading.rows(
        select(
            PROPOSAL.c.id, PROPOSAL.c.case_id, PROPOSAL.c.act, PROPOSAL.c.policy, PROPOSAL.c.due_at,
            PROPOSAL.c.kept_until, CASE.c.number.label("case_number"),
        )
        .join(CASE, CASE.c.id == PROPOSAL.c.case_id)
        .where(seen, PROPOSAL.c.decided_at.is_(None))
        .order_by(PROPOSAL.c.due_at, PROPOSAL.c.id)
        .limit(few(_MOST))
    )  # fmt: skip
    return tuple(ProposalView(**row) for row in rows)


def _holds(reading: Reading, seen: ColumnElement[bool]) -> tuple[LegalHoldView, ...]:
    placed, asked, waits = ACTOR.alias("placed"), ACTOR.alias("asked"), _waiting(ApprovalKind.LIFT_HOLD, reading)
    rows = reading.rows(
        select(
            HOLD.c.id, HOLD.c.case_id, HOLD.c.kind, HOLD.c.placed_at, HOLD.c.lifted_at,
            waits.c.asked_by.label("lift_asked_by_id"), CASE.c.number.label("case_number"),
            placed.c.name.label("placed_by"), asked.c.name.label("lift_asked_by"),
        )
        .select_from(
            HOLD.join(CASE, CASE.c.id == HOLD.c.case_id)
            .outerjoin(placed, placed.c.id == HOLD.c.placed_by)
            .outerjoin(waits, waits.c.subject_id == HOLD.c.id)
            .outerjoin(asked, asked.c.id == waits.c.asked_by)
        )
        .where(seen)
        .order_by(HOLD.c.lifted_at.is_not(None), HOLD.c.placed_at.desc(), HOLD.c.id)
        .limit(few(_MOST))
    )  # fmt: skip
    return tuple(LegalHoldView(**_named(row), words=HOLD_WORDS.get(row["kind"], row["kind"])) for row in rows)


def _restrictions(reading: Reading, seen: ColumnElement[bool]) -> tuple[RestrictionView, ...]:
    placed, asked, holder = ACTOR.alias("placed"), ACTOR.alias("asked"), ACTOR.alias("holder")
    waits = _waiting(ApprovalKind.LIFT_RESTRICTION, reading)
    rows = reading.rows(
        select(
            RESTRICT.c.case_id, RESTRICT.c.ground_code, RESTRICT.c.placed_at, RESTRICT.c.holder_id,
            waits.c.asked_by.label("lift_asked_by_id"), CASE.c.number.label("case_number"),
            placed.c.name.label("placed_by"), asked.c.name.label("lift_asked_by"), holder.c.name.label("holder"),
        )
        .select_from(
            RESTRICT.join(CASE, CASE.c.id == RESTRICT.c.case_id)
            .join(holder, holder.c.id == RESTRICT.c.holder_id)
            .outerjoin(placed, placed.c.id == RESTRICT.c.placed_by)
            .outerjoin(waits, waits.c.subject_id == RESTRICT.c.id)
            .outerjoin(asked, asked.c.id == waits.c.asked_by)
        )
        .where(seen, RESTRICT.c.lifted_at.is_(None))
        .order_by(RESTRICT.c.placed_at.desc(), RESTRICT.c.case_id)
        .limit(few(_MOST))
    )  # fmt: skip
    return tuple(
        RestrictionView(
            **{name: value for name, value in _named(row).items() if name != "ground_code"},
            ground=GROUNDS_TO_RESTRICT.get(row["ground_code"], row["ground_code"]),
        )
        for row in rows
    )


def _to_erase(reading: Reading, viewer: Viewer) -> tuple[EraseCopyView, ...]:
    told = named(NOTICE.c.case_id)
    rows = reading.rows(
        select(
            NOTICE.c.id, NOTICE.c.sent_at, NOTICE.c.due_at, NOTICE.c.answered_at, NOTICE.c.answer,
            told.c.number.label("case_number"), told.c.unit,
        )
        .select_from(NOTICE.join(told, true()))
        .where(NOTICE.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_RETENTION))))
        .order_by(NOTICE.c.answered_at.is_not(None), NOTICE.c.due_at, NOTICE.c.id)
        .limit(few(_MOST))
    )  # fmt: skip
    return tuple(EraseCopyView(**row) for row in rows)


def holders(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[tuple[UUID, str], ...]:
    """List who may hold a sealed case: those of its unit who can act and are no officer; raises `NotFoundError`."""
    seen = select(CASE.c.unit_id).where(CASE.c.id == case_id, _seen(reading, viewer))
    officers = select(MEMBERSHIP.c.actor_id).where(MEMBERSHIP.c.role == Role.DATA_PROTECTION_OFFICER.value)
    people = (
        select(ACTOR.c.id, ACTOR.c.name)
        .join(MEMBERSHIP, MEMBERSHIP.c.actor_id == ACTOR.c.id)
        .where(MEMBERSHIP.c.unit_id.in_(seen), ~ACTOR.c.disabled, ACTOR.c.id.not_in(officers))
        .distinct()
        .order_by(ACTOR.c.name, ACTOR.c.id)
    )
    case, found = reading.soon(reading.first, seen), reading.soon(reading.rows, people)
    if case() is None:
        raise NotFoundError(kind="case")
    return tuple((row["id"], row["name"]) for row in found())


def _waiting(kind: ApprovalKind, reading: Reading) -> Subquery:
    """Select what waits for a second person about holds or seals."""
    open_ones = select(APPROVAL.c.subject_id, APPROVAL.c.asked_by).where(
        APPROVAL.c.kind == kind.value, APPROVAL.c.answered_at.is_(None), APPROVAL.c.expires_at > reading.now
    )
    return open_ones.subquery()


def _named(row: Row) -> dict[str, object]:
    return {**row, "placed_by": row["placed_by"] or "this machine", "lift_asked_by": row["lift_asked_by"] or ""}
