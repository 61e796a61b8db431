"""What the opaque link of a message leads to."""

from engine import views as vw
from engine.adapters.sql.queries.deadlines import record_of, select_deadlines, title_of
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import CASE, DEADLINE, ESCALATION, MESSAGE
from engine.adapters.sql.queries.sight import access_to
from engine.adapters.sql.visibility import not_denied, visible_to
from engine.domain.narrowing import shows_step
from engine.domain.policy import Action, can
from engine.domain.seen_link import hash_of_link
from engine.errors import NotFoundError


def link(reading: Reading, viewer: vw.Viewer, token: str) -> vw.LinkView:
    """Give what a link leads to, for the recipient of its message and for who may steer the case.

    A wrong link and somebody else's get the same answer: `NotFoundError`. Case and step are left out for a recipient
    who is not shown the step, such as somebody of a partner.
    """
    row = reading.first(
        select_deadlines()
        .add_columns(
            CASE.c.number.label("case_number"),
            MESSAGE.c.recipient_id,
            ESCALATION.c.acknowledged_at.label("seen_at"),
            visible_to(viewer, now=reading.now).label("is_visible"),
            not_denied(viewer, CASE.c.id).label("is_not_denied"),
        )
        .join(ESCALATION, ESCALATION.c.deadline_id == DEADLINE.c.id)
        .join(MESSAGE, MESSAGE.c.escalation_id == ESCALATION.c.id)
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(MESSAGE.c.link_hash == hash_of_link(token))
    )
    if row is None or not row["is_not_denied"]:
        raise NotFoundError(kind="link")
    if row["recipient_id"] != viewer.actor_id and not can(viewer, Action.STEER, unit_id=row["unit_id"]):
        raise NotFoundError(kind="link")
    deadline = record_of(row)
    is_visible = row["is_visible"] and shows_step(
        access_to(reading, viewer, row["case_id"]), deadline.step_id, row["path"]
    )
    return vw.LinkView(
        token=token,
        is_visible=is_visible,
        case_id=row["case_id"],
        case_number=row["case_number"] if is_visible else "",
        step_title=title_of(reading, row) if is_visible else "",
        deadline_id=deadline.id,
        due_at=deadline.due_at if is_visible else None,
        late_at=deadline.late_at if is_visible else None,
        acknowledged_at=row["seen_at"],
    )
