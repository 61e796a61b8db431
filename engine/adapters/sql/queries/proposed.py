"""Who is proposed for a work item that nobody has: whoever did such a step before, and may do this one."""

from uuid import UUID

from sqlalchemy import Select, and_, exists, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import ABSENCE, ACTOR, MEMBERSHIP, RECUSAL, STEP
from engine.adapters.sql.queries.worklist import item_row
from engine.domain.paths import person_in

_MOST = 200


def proposed_doer(reading: Reading, viewer: vw.Viewer, item_id: UUID) -> vw.ProposedView | None:
    """Give whom a step proposes to do an item that nobody has; None for an approval, and where nobody did one before.

    Whoever did a step of the same type last, else of one that the type names in its `stays_with`, in that order: for
    the same person, or for the case as a whole. Only who may do the item, is not away, and is not recused
    is proposed. Raises `NotFoundError`.
    """
    row = item_row(reading, viewer, item_id)
    step_type = reading.known.step_type(row["uses"])
    if row["status"] != "ready" or row["approval"] or step_type is None:
        return None
    wanted = (step_type.key, *step_type.stays_with)
    whose = {None, person_in(row["path"])}
    found = [one for one in reading.rows(_did(reading, row, wanted)) if person_in(one["path"]) in whose]
    if not found:
        return None
    first = min(found, key=lambda one: wanted.index(one["uses"]))
    did = reading.known.step_type(first["uses"])
    return vw.ProposedView(
        actor_id=first["actor_id"], name=first["name"], did=did.title if did else first["uses"],
        is_viewer=first["actor_id"] == viewer.actor_id,
    )  # fmt: skip


def _did(reading: Reading, row: Row, wanted: tuple[str, ...]) -> Select[tuple[object, ...]]:
    """Select who did such steps of the case and may do this item now, the latest first."""
    is_member = exists().where(
        MEMBERSHIP.c.actor_id == ACTOR.c.id, MEMBERSHIP.c.unit_id == row["unit_id"],
        MEMBERSHIP.c.role.in_(row["candidate_roles"]),
    )  # fmt: skip
    is_away = exists().where(
        ABSENCE.c.actor_id == ACTOR.c.id, ABSENCE.c.cancelled_at.is_(None), ABSENCE.c.starts_at <= reading.now,
        ABSENCE.c.ends_at > reading.now,
    )  # fmt: skip
    is_recused = exists().where(
        RECUSAL.c.actor_id == ACTOR.c.id, RECUSAL.c.case_id == row["case_id"], RECUSAL.c.ended_at.is_(None)
    )
    return (
        select(ACTOR.c.id.label("actor_id"), ACTOR.c.name, STEP.c.uses, STEP.c.path)
        .select_from(STEP.join(ACTOR, ACTOR.c.id == STEP.c.completed_by))
        .where(
            STEP.c.case_id == row["case_id"], STEP.c.id != row["step_id"], STEP.c.uses.in_(wanted),
            ACTOR.c.disabled.is_(False), ACTOR.c.id.not_in(row["excluded_ids"]),
            and_(is_member, ~is_away, ~is_recused),
        )
        .order_by(STEP.c.ended_at.desc().nulls_last(), STEP.c.id)
        .limit(_MOST)
    )  # fmt: skip
