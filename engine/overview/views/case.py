"""The case page: everything of one case that a viewer may see, identifying answers masked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from engine.cases.sentences import Say
from engine.cases.views.lists import concern_of
from engine.cases.views.sight import (
    ANSWERED,
    Answers,
    fact_text,
    is_narrowed,
    readable_answers,
    shows_part,
    typed_title,
)
from engine.core.access import OPERATIONAL, covers
from engine.core.policy import Action, Viewer, can
from engine.db.reading import Reading
from engine.db.shape import READING
from engine.deadlines.records import DeadlineView
from engine.deadlines.views.deadlines import deadline_views, escalation_views
from engine.documents.views import document_views
from engine.errors import NotAllowedError
from engine.jobs.views import jobs_of_case
from engine.keys.vault import Vault
from engine.language.names import in_plain_words
from engine.overview.records import CaseView, JobView, NewsView, RunView
from engine.overview.views.case_rows import CaseRows, case_rows, narrowed
from engine.overview.views.history import HistoryPart, case_history
from engine.overview.views.steps import findings, step_views
from engine.persons.records import CasePersonView
from engine.persons.views.person import guardian_notes
from engine.work.records import DocumentView


def case_page(reading: Reading, viewer: Viewer, case_id: UUID) -> CaseView:
    """Return the page of a case, identifying answers masked; raises `NotFoundError`."""
    found = reading.soon(case_rows, reading, viewer, case_id)
    jobs = reading.soon(jobs_of_case, reading, viewer, case_id)
    notes = reading.soon(guardian_notes, reading, case_id)
    rows = found()
    warnings = () if is_narrowed(rows.access) else notes()
    return _case_view(reading, viewer, rows, jobs()).model_copy(update={"warnings": warnings})


def case_news(reading: Reading, viewer: Viewer, case_id: UUID, *, say: Say = str) -> NewsView | None:
    """Return what others did in a case since the viewer last looked at it; None for who is not told its history.

    A look within the last half hour belongs to the present one. Raises `NotFoundError`.
    """
    mine = (READING.c.case_id == case_id, READING.c.actor_id == viewer.actor_id, READING.c.at < reading.now - _ONE_LOOK)
    looked = reading.soon(reading.first, select(func.max(READING.c.at).label("at")).where(*mine))
    try:
        events = case_history(reading, viewer, case_id, part=HistoryPart(_MOST_NEWS + 1), say=say)
    except NotAllowedError:
        return None
    row = looked()
    at = row["at"] if row else None
    news = [event for event in events if (at is None or event.at > at) and event.actor != viewer.name]
    return NewsView(looked_at=at, events=tuple(reversed(news[-_MOST_NEWS:])), has_more=len(news) > _MOST_NEWS)


def _case_view(reading: Reading, viewer: Viewer, rows: CaseRows, jobs: tuple[JobView, ...]) -> CaseView:
    """Make the page of a case from its rows; answers and facts only for those who may read answers.

    Of a case that is seen through a grant, only what the grant names.
    """
    access, is_operational = rows.access, covers(rows.access, OPERATIONAL)
    mends = not is_narrowed(access) and can(viewer, Action.SEE_BOARD, access=access)
    found = findings(reading.known, rows, jobs, mends=mends) if is_operational and is_narrowed(access) else ()
    rows = narrowed(rows, reading.known)
    may_read = can(viewer, Action.READ_ANSWERS, access=access)
    answers, unreadable = _answers(rows, reading.vault) if may_read else ({}, frozenset())
    deadlines = _deadlines(reading, rows)
    documents = document_views(rows.documents, opens=rows.opens)
    called = _titles(rows, reading.vault) if may_read else {}
    steps = step_views(reading, rows, deadlines, _by_step(rows, documents), answers, called)
    titles = tuple(step.title for step in steps if step.id in unreadable)
    return CaseView(
        **{name: rows.case[name] for name in _SAME},
        **({name: rows.case[name] for name in _OF_WORK} if is_operational else _UNTOLD),
        is_own=not is_narrowed(access),
        shows_work=is_operational,
        allowed=() if is_narrowed(access) else tuple(one for one in Action if can(viewer, one, access=access)),
        concern=concern_of(reading, rows.case["concern"]) if may_read and shows_part(access, "concern") else "",
        runs=_runs(reading, rows) if is_operational else (),
        steps=steps,
        persons=_persons(rows),
        facts=_facts(reading, rows) if may_read else {},
        deadlines=deadlines,
        escalations=escalation_views(
            rows.escalations,
            rows.told,
            titles={deadline.id: deadline.step_title for deadline in deadlines},
            steps={step.id: step.title for step in steps},
            library=reading.known.library(),
            calls={deadline.id: deadline.calls for deadline in deadlines},
        ),
        documents=documents,
        jobs=jobs if is_operational else (),
        findings=found if is_narrowed(access) else findings(reading.known, rows, jobs, titles, mends=mends),
    )


_ONE_LOOK: Final = timedelta(minutes=30)
_MOST_NEWS: Final = 5
_SAME = ("id", "number", "unit", "jurisdiction", "zone")
_OF_WORK = ("status", "opened_at", "closed_at")
_UNTOLD = {"status": "shared", "opened_at": None, "closed_at": None}
"""What is said instead to whom the work is not shown."""


def _deadlines(reading: Reading, rows: CaseRows) -> tuple[DeadlineView, ...]:
    """Return the deadlines of a case; whom its unit is to ring is not told to another one."""
    deadlines = deadline_views(reading, rows.deadlines, rows.positions, law=rows.law)
    if not is_narrowed(rows.access):
        return deadlines
    return tuple(one.model_copy(update={"calls": ()}) for one in deadlines)


def _by_step(rows: CaseRows, documents: tuple[DocumentView, ...]) -> Mapping[UUID | None, tuple[DocumentView, ...]]:
    by_step: dict[UUID | None, tuple[DocumentView, ...]] = {}
    for row, document in zip(rows.documents, documents, strict=True):
        by_step[row["step_id"]] = (*by_step.get(row["step_id"], ()), document)
    return by_step


def _answers(rows: CaseRows, vault: Vault) -> tuple[dict[UUID, Answers], frozenset[UUID]]:
    """Open the answers that stand; where that fails, the outputs may still be there to be shown."""
    encrypted = {(row["step_id"], row["turn"]): row for row in rows.answers}
    answers: dict[UUID, Answers] = {}
    unreadable = set()
    for step in rows.steps:
        if step["status"] not in ANSWERED:
            continue
        row = encrypted.get((step["id"], step["turn"]))
        opened = readable_answers(vault, row) if row else {}
        if opened is None:
            unreadable.add(step["id"])
        answers[step["id"]] = {**rows.outputs.get(step["id"], {}), **(opened or {})}
    return answers, frozenset(unreadable)


def _titles(rows: CaseRows, vault: Vault) -> Mapping[UUID, str]:
    """Return what somebody calls the steps that they added, for those who are shown the whole case."""
    if is_narrowed(rows.access):
        return {}
    return {
        row["id"]: typed_title(vault, row["id"], row["encrypted_title"]) for row in rows.steps if row["encrypted_title"]
    }


def _runs(reading: Reading, rows: CaseRows) -> tuple[RunView, ...]:
    same = ("id", "workflow", "version", "status", "started_at", "definition_hash")
    views = []
    for row in rows.runs:
        compiled = reading.known.definitions(row["definition_hash"])
        title = compiled.workflow.title if compiled else in_plain_words(row["workflow"])
        views.append(RunView(title=title, **{name: row[name] for name in same}))
    return tuple(views)


def _persons(rows: CaseRows) -> tuple[CasePersonView, ...]:
    return tuple(
        CasePersonView(
            id=row["person_id"],
            role=row["role"],
            label=f"Person {rows.positions[rows.case['id'], row['person_id']]}",
            name=None,
            age=None,
        )
        for row in rows.persons
        if row["removed_at"] is None
    )


def _facts(reading: Reading, rows: CaseRows) -> Mapping[str, str]:
    """Name the facts of a case as its workflows title them."""
    titles: dict[str, str] = {}
    for run in rows.runs:
        compiled = reading.known.definitions(run["definition_hash"])
        titles |= {name: fact.title for name, fact in compiled.workflow.facts.items() if fact.title} if compiled else {}
    return {
        titles.get(name, in_plain_words(name)): fact_text(value, rows.case["zone"])
        for name, value in sorted(rows.facts.items())
        if shows_part(rows.access, name)
    }
