"""What a partner without an account is shown of a referral: by name of field, and nothing else."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import select

from engine.cases.views.answers import opened_answers, opened_identity, opened_outputs, text_of
from engine.core.access import OF_PERSONS, CaseAccess, Via, Way, covers, of_person, shows
from engine.core.law.ages import ages_of, in_words, strongest
from engine.core.values import person_in
from engine.db.reading import Reading, Row
from engine.db.shape import ANSWER, CASE, CASE_PERSON, PERSON, REFERRAL, RUN, STEP, UNIT
from engine.errors import NotFoundError
from engine.persons.records import SHOWN_AS
from engine.plugin.fields import FieldSpec
from engine.sharing.records.shown import PartnerPage, SharedLine

_OF_A_PERSON = ("name", "aliases", "age", "phone", "home")


def partner_page(reading: Reading, referral_id: UUID, note: str, *, without: Collection[str] = ()) -> PartnerPage:
    """Show a referral to the partner that was asked, with the agreed fields but those `without` once it has accepted.

    What is shown is of the persons for whom it leaves, and of nobody else in the case. Only the use case that records
    the view may ask.
    """
    row = reading.first(
        select(
            REFERRAL, CASE.c.number, UNIT.c.name.label("from_unit"), UNIT.c.contact, UNIT.c.zone,
        )
        .select_from(
            REFERRAL.join(CASE, CASE.c.id == REFERRAL.c.case_id).join(UNIT, UNIT.c.id == REFERRAL.c.unit_id)
        )
        .where(REFERRAL.c.id == referral_id)
    )  # fmt: skip
    if row is None:
        raise NotFoundError(kind="referral")
    is_accepted = row["status"] == "accepted"
    same = ("number", "from_unit", "contact", "zone", "kind", "status", "purpose", "help", "urgency", "due_at")
    return PartnerPage(
        **{name: row[name] for name in same},
        until=None,
        note=note if is_accepted else "",
        lines=tuple(SharedLine(label=label, text=said) for label, said in _lines(reading, row, without))
        if is_accepted
        else (),
    )


def _lines(reading: Reading, referral: Row, without: Collection[str]) -> Iterator[tuple[str, str]]:
    fields = tuple(name for name in referral["fields"] if name not in without)
    way = Way(fields=fields, persons=frozenset(referral["persons"]))
    of_case = tuple(name for name in way.fields if not name.startswith(OF_PERSONS))
    access = CaseAccess(
        case_id=referral["case_id"], unit_id=referral["unit_id"], via=Via.GRANT, fields=of_case, ways=(way,)
    )
    yield from _persons(reading, access, way.persons)
    yield from _answers(reading, access)


def _persons(reading: Reading, access: CaseAccess, persons: frozenset[UUID]) -> Iterator[tuple[str, str]]:
    rows = reading.rows(
        select(PERSON.c.id, PERSON.c.sealed_identity, CASE_PERSON.c.position, CASE_PERSON.c.role)
        .join(CASE_PERSON, CASE_PERSON.c.person_id == PERSON.c.id)
        .where(CASE_PERSON.c.case_id == access.case_id, CASE_PERSON.c.removed_at.is_(None))
        .where(CASE_PERSON.c.role.in_(("victim", "possible_victim")), PERSON.c.id.in_(sorted(persons)))
        .order_by(CASE_PERSON.c.position)
    )
    for row in rows:
        shown = of_person(access, row["id"])
        identity = opened_identity(reading.vault, row)
        if (age := strongest(ages_of(identity))) is not None:
            identity = {**identity, "age": in_words(age, reading.now.date())}
        for name in _OF_A_PERSON:
            value, shown_as = identity.get(name), SHOWN_AS.get(name, name)
            if value and covers(shown, f"person.{shown_as}"):
                text = ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
                yield f"Person {row['position']}: {shown_as}", text


def _answers(reading: Reading, access: CaseAccess) -> Iterator[tuple[str, str]]:
    rows = reading.rows(
        select(
            STEP.c.id, STEP.c.id.label("step_id"), STEP.c.uses, STEP.c.sealed_outputs, STEP.c.turn, STEP.c.path,
            RUN.c.zone, ANSWER.c.sealed_answers,
        )
        .select_from(
            STEP.join(RUN, RUN.c.id == STEP.c.run_id)
            .join(ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn))
        )
        .where(STEP.c.case_id == access.case_id, STEP.c.status == "ended")
        .order_by(STEP.c.ended_at, STEP.c.id)
    )  # fmt: skip
    for row in rows:
        shown, step_type = of_person(access, person_in(row["path"])), reading.known.step_type(row["uses"])
        wanted = [spec for spec in step_type.fields if _is_shown(shown, row["uses"], spec)] if step_type else []
        outputs = opened_outputs(reading.vault, row["id"], row["sealed_outputs"])
        answers = {**outputs, **opened_answers(reading.vault, row)} if wanted else {}
        for spec in wanted:
            if answers.get(spec.name) not in (None, "", []):
                yield spec.label.rstrip("?"), text_of(spec, answers[spec.name], row["zone"])


def _is_shown(access: CaseAccess, uses: str, spec: FieldSpec) -> bool:
    """Say whether an answer is shown: one that is not open only by its own name, or by that of its sealed class."""
    name = f"{uses}.{spec.name}"
    if spec.sealed_class:
        return shows(access, name, spec.sealed_class.value)
    return covers(access, name) if spec.is_open else name in (access.fields or ())
