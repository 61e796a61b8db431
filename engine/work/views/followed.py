"""What followed from the answer of a work item, by the history of its case, and what its doer can do next."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select

from engine.cases.visibility import Positions, label_of, positions, step_shown_to
from engine.core.policy import Viewer
from engine.core.records import StepStatus
from engine.db.reading import Reading, Row, few
from engine.db.shape import CASE, EVENT, ITEM, ITEM_IS_OPEN, RUN, STEP
from engine.language.names import in_plain_words
from engine.work.records import FollowedStep, FollowedView
from engine.work.views.items import item_view, may_answer, select_items
from engine.work.views.worklist import item_row, with_times, worklist

_ENDS: Final = ("StepEnded", "StepSubmitted", "StepReturned")
"""What an answer of a person is in the history: what comes after it at the same time followed from it."""
_MOST: Final = 300


def what_followed(reading: Reading, viewer: Viewer, item_id: UUID) -> FollowedView:
    """Return what the answer of an item opened, put off and called off, and the viewer's next item.

    Their next one is what it opened for them, else the most urgent on their worklist. Raises `NotFoundError`.
    """
    row = item_row(reading, viewer, item_id)
    events = _after(row, reading.rows(_events(row["case_id"])))
    ids = {UUID(event["step_id"]) for event in events if event["step_id"]}
    off = {UUID(event["step_id"]) for event in events if event["type"] == "StepCancelled"}
    items, steps = reading.soon(_items, reading, viewer, ids), reading.soon(_steps, reading, viewer, row, ids)
    urgent, numbers = (
        reading.soon(worklist, reading, viewer, limit=1),
        reading.soon(positions, reading, {row["case_id"]}),
    )
    rows, known = items(), numbers()
    opened = tuple(item_view(reading, one, viewer, known) for one in rows)
    by = {status: _lines(reading, steps(), known, status) for status in StepStatus}
    theirs = (item for item, one in zip(opened, rows, strict=True) if may_answer(viewer, one) and not item.assignee)
    return FollowedView(
        item=item_view(reading, row, viewer, known),
        opened=opened,
        by_itself=tuple(line for step, line in by[StepStatus.READY] if step["automatic"]),
        later=tuple(line for status in (StepStatus.SCHEDULED, StepStatus.HELD) for _, line in by[status]),
        called_off=tuple(line for step, line in by[StepStatus.CANCELLED] if step["id"] in off),
        is_closed=any(event["type"] == "CaseClosed" for event in events),
        next=next((one for one in opened if one.is_mine), None) or next(theirs, None) or next(iter(urgent()), None),
    )


def _events(case_id: UUID) -> Select[tuple[object, ...]]:
    step_id = EVENT.c.body["step"]["id"].astext.label("step_id")
    query = select(EVENT.c.seq, EVENT.c.at, EVENT.c.type, step_id).where(EVENT.c.case_id == case_id)
    return query.order_by(EVENT.c.seq.desc()).limit(few(_MOST))


def _after(item: Row, latest: Sequence[Row]) -> list[Row]:
    """Return the answer of the item and what was decided with it, among the latest events of its case."""
    events = list(reversed(latest))
    answers = [number for number, event in enumerate(events) if event["type"] in _ENDS]
    own = [number for number in answers if events[number]["step_id"] == str(item["step_id"])]
    if not own:
        return []
    until = next((number for number in answers if number > own[-1]), len(events))
    return [event for event in events[own[-1] : until] if event["at"] == events[own[-1]]["at"]]


def _items(reading: Reading, viewer: Viewer, step_ids: Collection[UUID]) -> list[Row]:
    """Fetch the open items of steps, as far as they are shown."""
    picked = with_times().where(ITEM.c.step_id.in_(step_ids), ITEM_IS_OPEN).subquery("picked")
    shown = step_shown_to(viewer, STEP.c.path, CASE.c.id, now=reading.present)
    return reading.rows(select_items(picked).where(shown)) if step_ids else []


def _steps(reading: Reading, viewer: Viewer, item: Row, step_ids: Collection[UUID]) -> list[Row]:
    shown = step_shown_to(viewer, STEP.c.path, CASE.c.id, now=reading.present)
    query = (
        select(
            STEP.c.id, STEP.c.case_id, STEP.c.key, STEP.c.uses, STEP.c.path, STEP.c.added, STEP.c.status,
            STEP.c.automatic, STEP.c.opens_at, STEP.c.gate, RUN.c.definition_hash,
        )
        .select_from(STEP.join(RUN, RUN.c.id == STEP.c.run_id).join(CASE, CASE.c.id == STEP.c.case_id))
        .where(STEP.c.id.in_(step_ids), STEP.c.id != item["step_id"], shown)
        .order_by(STEP.c.opens_at.asc().nulls_last(), STEP.c.path, STEP.c.key)
    )  # fmt: skip
    return reading.rows(query) if step_ids else []


def _lines(
    reading: Reading, steps: Sequence[Row], known: Positions, status: StepStatus
) -> list[tuple[Row, FollowedStep]]:
    found = []
    for step in steps:
        if step["status"] == status:
            title = reading.known.title(step["definition_hash"], step["key"], step["uses"], step["added"])
            label = label_of(step["path"], step["case_id"], known)
            line = FollowedStep(title=title, person_label=label, opens_at=step["opens_at"], reason=_held(reading, step))
            found.append((step, line))
    return found


def _held(reading: Reading, step: Row) -> str:
    """Say what a step that is on hold needs first; empty for one that is not."""
    compiled = reading.known.definitions(step["definition_hash"]) if step["gate"] else None
    gate = compiled.gates.get(step["gate"]) if compiled else None
    return gate.reason if gate else in_plain_words(step["gate"] or "")
