"""All that is held about one person in a case, for them to see; the use case records the act before it is read."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, func, literal, or_, select

from engine import views as vw
from engine.adapters.sql.queries.answers import answer_views
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.sealed import opened_identity, readable_answers
from engine.adapters.sql.queries.shape import (
    ACTOR,
    ANSWER,
    CASE,
    CASE_PERSON,
    DOCUMENT,
    PERSON,
    REFERRAL,
    RUN,
    STEP,
    UNIT,
)
from engine.adapters.sql.tables import CaseRow
from engine.adapters.sql.visibility import visible_to
from engine.domain.policy import Action, can
from engine.errors import DamagedError, KeyMissingError, NotAllowedError, NotFoundError
from engine.ports import Vault
from engine.spec.plain_words import in_plain_words, in_running_words

_TABLES = CaseRow.metadata.tables
CONSENT, CORRECTION = _TABLES["consent"], _TABLES["correction"]


class SubjectRows:
    """What the database holds about a person in a case, still sealed."""

    def __init__(self, reading: Reading, viewer: vw.Viewer, case_id: UUID, person_id: UUID) -> None:
        """Fetch it; raises `NotFoundError`, `NotAllowedError`."""
        self.links = reading.rows(
            select(
                CASE_PERSON.c.role, CASE_PERSON.c.position, CASE_PERSON.c.added_at, CASE.c.number, UNIT.c.name,
                UNIT.c.contact, UNIT.c.zone, PERSON.c.id, PERSON.c.sealed_identity,
            )
            .select_from(
                CASE_PERSON.join(CASE, CASE.c.id == CASE_PERSON.c.case_id)
                .join(PERSON, PERSON.c.id == CASE_PERSON.c.person_id)
                .join(UNIT, UNIT.c.id == CASE.c.unit_id)
            )
            .where(
                CASE.c.id == case_id, CASE_PERSON.c.person_id == person_id,
                CASE.c.unit_id.in_(sorted(viewer.unit_ids)), visible_to(viewer, now=reading.now),
            )
            .order_by(CASE_PERSON.c.added_at)
        )  # fmt: skip
        if not self.links:
            raise NotFoundError(kind="person")
        if not can(viewer, Action.ANSWER_SUBJECT):
            raise NotAllowedError(actor=viewer.name, action=Action.ANSWER_SUBJECT.value)
        own = f"%person:{person_id}%"
        self.steps = reading.rows(
            select(
                STEP.c.id, STEP.c.id.label("step_id"), STEP.c.key, STEP.c.uses, STEP.c.added, STEP.c.outputs,
                STEP.c.turn, STEP.c.ended_at, RUN.c.definition_hash, RUN.c.zone, ANSWER.c.sealed_answers,
            )
            .select_from(
                STEP.join(RUN, RUN.c.id == STEP.c.run_id).outerjoin(
                    ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn)
                )
            )
            .where(STEP.c.case_id == case_id, STEP.c.path.like(own), STEP.c.ended_at.is_not(None))
            .order_by(STEP.c.ended_at, STEP.c.id)
        )  # fmt: skip
        ids = [row["id"] for row in self.steps]
        self.papers = reading.rows(
            select(DOCUMENT.c.title, DOCUMENT.c.number, DOCUMENT.c.made_at)
            .where(DOCUMENT.c.case_id == case_id, DOCUMENT.c.step_id.in_(ids))
            .order_by(DOCUMENT.c.made_at)
        )
        self.consents = reading.rows(
            select(CONSENT)
            .where(CONSENT.c.case_id == case_id, CONSENT.c.person_id == person_id)
            .order_by(CONSENT.c.recorded_at)
        )
        of_them = literal(person_id, Uuid()) == any_(REFERRAL.c.persons)
        self.shared = reading.rows(
            select(REFERRAL.c.kind, REFERRAL.c.status, REFERRAL.c.sent_at, REFERRAL.c.fields, UNIT.c.name)
            .select_from(REFERRAL.outerjoin(UNIT, UNIT.c.id == REFERRAL.c.to_unit_id))
            .where(REFERRAL.c.case_id == case_id, or_(of_them, func.cardinality(REFERRAL.c.fields) == 0))
            .order_by(REFERRAL.c.sent_at)
        )
        self.corrections = reading.rows(
            select(CORRECTION, ACTOR.c.name.label("made_by_name"))
            .outerjoin(ACTOR, ACTOR.c.id == CORRECTION.c.made_by)
            .where(CORRECTION.c.case_id == case_id, CORRECTION.c.person_id == person_id)
            .order_by(CORRECTION.c.made_at)
        )
        self.case_id, self.person_id = case_id, person_id


def subject_view(reading: Reading, rows: SubjectRows, vault: Vault) -> vw.SubjectView:
    """Open what is held about a person; what can no longer be read is said to be so."""
    first = rows.links[0]
    zone = first["zone"]
    return vw.SubjectView(
        case_id=rows.case_id,
        case_number=first["number"],
        person_id=rows.person_id,
        label=f"Person {first['position']}",
        roles=tuple(dict.fromkeys(in_plain_words(row["role"]) for row in rows.links)),
        unit=first["name"],
        contact=first["contact"] or "",
        zone=zone,
        since=first["added_at"],
        identity=_identity(first, vault),
        sections=tuple(_section(reading, row, vault) for row in rows.steps),
        papers=tuple(
            vw.SubjectLine(label=row["title"], text=f"{row['number']}, {row['made_at']:%d %b %Y}")
            for row in rows.papers
        ),
        consents=tuple(_consent(row) for row in rows.consents),
        shared=tuple(_shared(row) for row in rows.shared),
        corrections=tuple(_correction(row, vault) for row in rows.corrections),
    )


def _identity(row: Row, vault: Vault) -> tuple[vw.SubjectLine, ...]:
    try:
        known = opened_identity(vault, row)
    except (DamagedError, KeyMissingError):
        return (vw.SubjectLine(label="Who it is", text="can no longer be read"),)
    return tuple(
        vw.SubjectLine(label=in_plain_words(name), text=_text(value)) for name, value in known.items() if value
    )


def _section(reading: Reading, row: Row, vault: Vault) -> vw.SubjectSection:
    title = reading.known.title(row["definition_hash"], row["key"], row["uses"], row["added"])
    opened = readable_answers(vault, row) if row["sealed_answers"] is not None else {}
    step = None if row["added"] else reading.known.step(row["definition_hash"], row["key"])
    answers = {**row["outputs"], **(opened or {})}
    fields = reading.known.fields(row["uses"], step)
    lines = answer_views(fields, answers, row["zone"], unmasked=True)
    return vw.SubjectSection(
        title=title,
        at=row["ended_at"],
        lines=tuple(vw.SubjectLine(label=line.label, text=line.text or "") for line in lines),
        is_unreadable=opened is None,
    )


def _consent(row: Row) -> vw.SubjectLine:
    state = "taken back" if row["withdrawn_at"] else "given"
    purposes = ", ".join(in_running_words(one) for one in row["purposes"]) or "no purpose named"
    return vw.SubjectLine(label=f"{in_plain_words(row['kind'])}, {state}", text=purposes)


def _shared(row: Row) -> vw.SubjectLine:
    to = row["name"] or "a body outside the network"
    fields = ", ".join(row["fields"]) or "only that there is a case"
    when = f"{row['sent_at']:%d %b %Y}"
    return vw.SubjectLine(label=to, text=f"{in_plain_words(row['kind'])}, {when}, {row['status']}: {fields}")


def _correction(row: Row, vault: Vault) -> vw.CorrectionView:
    words: Mapping[str, str] = {}
    if row["sealed_words"] is not None:
        try:
            opened = vault.unseal(row["sealed_words"], table="correction", row=row["id"], column="sealed_words")
        except (DamagedError, KeyMissingError):
            opened = None
        words = {in_plain_words(k): _text(v) for k, v in opened.items()} if isinstance(opened, dict) else {}
    return vw.CorrectionView(
        made_at=row["made_at"], made_by=row["made_by_name"] or "", kind=row["kind"],
        reason=in_plain_words(row["reason_code"]), words=words,
    )  # fmt: skip


def _text(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list | tuple):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{in_running_words(str(k))}: {_text(v)}" for k, v in value.items())
    return str(value)
