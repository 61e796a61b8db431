"""Make the papers of a step, and keep them."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.in_words import for_templates, jurisdiction_in_words, key_in_words
from engine.core.deadlines.lateness import is_overdue
from engine.core.law.in_case import law_in_case
from engine.core.records import Deadline
from engine.core.retention import key_of_step
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.limits import TimeLimit
from engine.messages.actions.notifying import title_of
from engine.messages.actions.writing import due_time, local_time
from engine.plugin.steps import Document
from engine.work.actions.answers import told_apart
from engine.work.actions.reading import StepReading


class Paper(NamedTuple):
    """A document that was made, and not kept yet; `tells_where` says that what tells where somebody is went into it."""

    document: Document
    html: str
    tells_where: bool = False


def make_papers(engine: Engine, read: StepReading, on: str, answers: Mapping[str, object]) -> tuple[Paper, ...]:
    """Make the documents that a step has before it is answered (`prepare`) or after (`conclude`).

    A step whose settings name a letter has that one too, before it is answered.
    """
    context, settings = read.context, read.context.settings
    tells_where = any(answers.get(name) is not None for name in told_apart(engine, read.step.uses))
    wanted = [document for document in (*read.step_type.documents, *_letter(settings)) if document.on == on]
    return tuple(
        Paper(
            document,
            engine.renderer.document(
                document.name,
                {
                    "case_number": context.case_number,
                    "unit": read.unit,
                    "jurisdiction": jurisdiction_in_words(context.jurisdiction),
                    "made_at": context.now,
                    **_told(engine, read, answers),
                    "fields": read.step_type.fields,
                    "settings": settings.model_dump(),
                    "late": _late(engine, read),
                    "step_title": read.step_type.title,
                    "version": read.step.turn,
                    "zone": context.zone,
                    "document_number": f"{context.case_number}-{document.name}",
                    "draft": False,
                },
            ),
            tells_where,
        )
        for document in wanted
    )


def keep_papers(tx: Transaction, state: CaseState, read: StepReading, papers: tuple[Paper, ...], now: datetime) -> None:
    """Keep what was made, sealed and numbered."""
    for paper in papers:
        tx.of(HousekeepingStore).keep_document(
            case_id=state.case.id, unit_id=state.case.unit_id, step_id=read.step.id, name=paper.document.name,
            title=paper.document.title, html=paper.html, sha256=hashlib.sha256(paper.html.encode()).hexdigest(),
            number=f"{state.case.number}-{paper.document.name}", version=read.step.turn, at=now,
            key_of=key_of_step(read.step), tells_where=paper.tells_where,
        )  # fmt: skip


def release_papers(tx: Transaction, read: StepReading, now: datetime) -> None:
    """Write who has released the letter of a step, when its answers say that it leaves."""
    step, answers = read.step, read.context.answers
    if _letter(read.context.settings) and step.outcome == "done" and answers.get("decision") == "released":
        tx.of(HousekeepingStore).release_documents(step.id, by=step.completed_by, at=step.ended_at or now)


def _told(engine: Engine, read: StepReading, answers: Mapping[str, object]) -> Mapping[str, object]:
    """Give the answers and the people of a case as templates get them: the words of what was chosen, never its code."""
    context = read.context

    def of_type(uses: str, told: Mapping[str, object]) -> Mapping[str, object]:
        return for_templates(engine.registry.get(uses).fields if told else (), told)

    def earlier(uses: str) -> Mapping[str, object]:
        return of_type(uses, context.before.get(uses, {}))

    def all_earlier(uses: str) -> tuple[Mapping[str, object], ...]:
        return tuple(of_type(uses, told) for told in context.history.get(uses, {}).values())

    def answers_of(step_id: UUID) -> Mapping[str, object]:
        found = ((uses, told[step_id]) for uses, told in context.history.items() if step_id in told)
        return next((of_type(uses, told) for uses, told in found), {})

    return {
        "answers": for_templates(read.step_type.fields, answers),
        "persons": tuple(asdict(person) | {"role": key_in_words(person.role)} for person in context.persons),
        "earlier": earlier,
        "all_earlier": all_earlier,
        "answers_of": answers_of,
    }


def _letter(settings: BaseModel) -> tuple[Document, ...]:
    letter = getattr(settings, "letter", "")
    return (Document(letter, f"Letter to {getattr(settings, 'to', 'a body')}", on="prepare"),) if letter else ()


def _late(engine: Engine, read: StepReading) -> Mapping[str, str]:
    """Say what is late, in published words only; a limit is quoted as law only where it may be. Empty for no letter."""
    deadline_id = read.step.added.for_deadline if read.step.added else None
    state = read.state
    deadline = (state.deadlines.get(deadline_id) or state.past.get(deadline_id)) if deadline_id else None
    if deadline is None:
        return {}
    return {
        "what": title_of(engine, state, deadline),
        "since": local_time(deadline.started_at, deadline.zone),
        "due": due_time(deadline.due_at, deadline.zone, deadline.late_at),
        "is_over": "yes" if is_overdue(deadline.late_from, read.context.now) else "",
        "law": _quoted(engine, state, deadline),
    }


def _quoted(engine: Engine, state: CaseState, deadline: Deadline) -> str:
    """Quote the law that a deadline follows, where a lawyer has signed it and it surely applies; else nothing."""
    run = state.runs[deadline.run_id]
    element = "/".join(part for part in deadline.path.split("/") if not part.startswith("r:"))
    library = engine.library()
    law = (
        law_in_case(state, run, deadline.law, library, started=deadline.started_at, element=element)
        if deadline.law
        else None
    )
    if law is None or not law.is_quotable(run.jurisdiction):
        return ""
    return f"{law.limit.source}: {TimeLimit(deadline.limit).in_words()}"
