"""The history of a case in words: who did what when, without content."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.sentences import OF_STEPS, Body, sentence
from engine.adapters.sql.queries.shape import ACTOR, CASE, EVENT, RUN, STEP
from engine.adapters.sql.queries.sight import access_to, is_narrowed, shows_time
from engine.adapters.sql.visibility import visible_to
from engine.domain.access import CaseAccess
from engine.domain.narrowing import OPERATIONAL, covers
from engine.domain.policy import Action, can
from engine.errors import NotAllowedError, NotFoundError

_OF_CONFLICT = frozenset({"ConflictNoted", "ConflictEnded"})
OF_WORK = frozenset({"CaseOpened", "CaseClosed", "CaseReopened", "RunStarted", "RunEnded", "RunReopened"})
"""The events that tell how the work of the whole case goes."""


def case_history(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.EventView, ...]:
    """Tell the events of a case in their order; raises `NotFoundError`, `NotAllowedError`.

    To a grant those that it shows are numbered by themselves: no gap counts the others.
    """
    seen = select(CASE.c.id).where(CASE.c.id == case_id, visible_to(viewer, now=reading.now))
    if reading.first(seen) is None:
        raise NotFoundError(kind="case")
    access = access_to(reading, viewer, case_id)
    if not can(viewer, Action.READ_HISTORY, access=access):
        raise NotAllowedError(actor=viewer.name, action=Action.READ_HISTORY.value)
    titles = _Titles(reading, case_id)
    rows = reading.rows(
        select(EVENT.c.seq, EVENT.c.at, EVENT.c.type, EVENT.c.body, ACTOR.c.name)
        .select_from(EVENT.outerjoin(ACTOR, ACTOR.c.id == EVENT.c.actor_id))
        .where(EVENT.c.case_id == case_id)
        .order_by(EVENT.c.seq)
    )
    rows = [
        row
        for row in rows
        if not _is_kept_from(viewer, row["type"], row["body"])
        and (not is_narrowed(access) or _is_shown(access, titles, row["type"], row["body"]))
    ]
    return tuple(
        vw.EventView(
            seq=number if is_narrowed(access) else row["seq"],
            at=row["at"],
            actor=row["name"],
            type=row["type"],
            text=sentence(row["type"], row["body"], titles.of),
        )
        for number, row in enumerate(rows, start=1)
    )


def _is_kept_from(viewer: vw.Viewer, type_: str, body: Body) -> bool:
    """Say whether an event notes, or ends, that the viewer must not be told of the case: they do not learn of it."""
    return type_ in _OF_CONFLICT and body.get("actor_id") == str(viewer.actor_id)


class _Titles:
    """The titles of a case's steps, by what events say of them."""

    def __init__(self, reading: Reading, case_id: UUID) -> None:
        self._known = reading.known
        runs = reading.rows(select(RUN.c.id, RUN.c.definition_hash).where(RUN.c.case_id == case_id))
        self._hash_of: Mapping[str, str] = {str(row["id"]): row["definition_hash"] for row in runs}
        steps = reading.rows(
            select(STEP.c.id, STEP.c.run_id, STEP.c.key, STEP.c.path, STEP.c.uses, STEP.c.added, STEP.c.status).where(
                STEP.c.case_id == case_id
            )
        )
        self._title_of: dict[str, str] = {}
        self._step_of: dict[str, Row] = {}
        for row in steps:
            title = self._known.title(self._hash_of.get(str(row["run_id"]), ""), row["key"], row["uses"], row["added"])
            self._title_of |= {str(row["id"]): title, row["key"]: title}
            self._step_of[str(row["id"])] = row

    def step_of(self, body: Body) -> Row | None:
        """Give the step that a body speaks of by its id; None when it speaks of none."""
        part = body.get("step") or body.get("deadline") or body
        return self._step_of.get(str(part.get("step_id") or part.get("id") or ""))

    def of(self, body: Body) -> str:
        """Name the step that a body speaks of; empty when it speaks of none."""
        part = body.get("step") or body.get("deadline") or body
        key = str(part.get("key") or part.get("step_key") or "")
        for name in (str(part.get("step_id") or part.get("id") or ""), key):
            if name in self._title_of:
                return self._title_of[name]
        definition_hash = self._hash_of.get(str(part.get("run_id", "")), "")
        return self._known.title(definition_hash, key, "", None) if key else ""


def _is_shown(access: CaseAccess, titles: _Titles, type_: str, body: Body) -> bool:
    """Say whether a grant shows an event: it tells of the work, and of a step that is there for the viewer."""
    if type_ in OF_WORK:
        return covers(access, OPERATIONAL)
    step = titles.step_of(body) if type_ in OF_STEPS else None
    return step is not None and shows_time(access, step)
