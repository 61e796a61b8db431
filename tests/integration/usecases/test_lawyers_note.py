"""A victim who is a suspect as well is heard only after a lawyer's note, and what they said goes into no other file."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from engine.domain import commands as cm
from engine.domain.consent import GivenBy
from engine.domain.non_punishment import NOTE
from engine.domain.records import LIVE, PersonRole
from engine.errors import ConsentError, LawyersNoteError
from engine.replay.world import World, people_of, scratch_world
from engine.usecases.consents import Agreed, record_consent
from engine.usecases.deciding import carry_out
from engine.usecases.referrals import Wanted, offer_referral
from engine.usecases.steer_case import add_person
from tests.integration.usecases.test_watches import DAY, Work

STATEMENT = "prosecution.statement"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with scratch_world() as made:
        yield made


@pytest.fixture
def case(world: World) -> Work:
    return Work(world)


def both(case: Work) -> UUID:
    """Bring somebody in who was written down as a suspect, and is found to be a victim."""
    person_id = add_person(
        case.engine, case.case_id, viewer=case.people["case_manager"], command_id=uuid4(), role=PersonRole.SUSPECT,
        identity={"name": "Invented", "age": 30},
    )  # fmt: skip
    with case.engine.unit_of_work() as work:
        state = work.cases.lock(case.case_id)
        command = cm.AddPerson(person_id, PersonRole.VICTIM)
        carry_out(case.engine, work, state, command, actor_id=None, now=case.world.now())
        work.commit()
    case.world.settle_jobs()
    return person_id


def notes(case: Work) -> list[UUID]:
    return [step.id for step in case.state.steps.values() if step.uses == NOTE and step.status in LIVE]


@pytest.mark.parametrize("is_of_the_person", [True, False])
def test_who_is_victim_and_suspect_makes_no_statement_before_a_lawyers_note(
    case: Work, *, is_of_the_person: bool
) -> None:
    person_id = both(case)
    path = f"person:{person_id}"
    step_id = case.add_for(STATEMENT, path) if is_of_the_person else case.add(STATEMENT)
    case.world.settle_jobs()
    for _ in range(2):
        with pytest.raises(LawyersNoteError, match="be heard"):
            case.answer(step_id)
    [note] = notes(case)
    assert case.state.steps[note].path == path, "the lawyer is asked once, of this person"
    case.answer(note)
    case.answer(step_id)
    assert case.state.steps[step_id].status not in LIVE


def test_the_statement_of_whoever_is_only_a_victim_needs_no_note(case: Work) -> None:
    victim = next(person.person_id for person in case.state.persons)
    case.answer(case.add_for(STATEMENT, f"person:{victim}"))
    assert notes(case) == []


def test_what_a_victim_said_does_not_go_into_the_file_of_a_suspect_even_after_the_note(case: Work) -> None:
    other_unit, _ = people_of(case.engine, jurisdiction="IN-NL", label=str(uuid4()))
    person_id = both(case)
    case.answer(case.add_for(NOTE, f"person:{person_id}"))
    victim = next(person.person_id for person in case.state.persons if person.person_id != person_id)
    fields = ("person.name", f"{STATEMENT}.magistrate")

    def send(of: UUID, *wanted: str) -> UUID:
        agreed = Agreed(
            person_id=of, kind=GivenBy.PERSON, purposes=("prosecution",), recipients=(f"unit:{other_unit}",),
            fields=fields, valid_until=case.world.now() + 90 * DAY, language="en", read_aloud=True, assent="yes",
        )  # fmt: skip
        consent = record_consent(
            case.engine, case.case_id, viewer=case.people["counsellor"], command_id=uuid4(), agreed=agreed
        )
        asked = Wanted(purpose="prosecution", help="lawyer", urgency="high", fields=wanted, consent_id=consent)
        return offer_referral(
            case.engine, case.case_id, viewer=case.people["case_manager"], command_id=uuid4(), to_unit_id=other_unit,
            wanted=asked,
        )  # fmt: skip

    with pytest.raises(ConsentError, match="stays with the case"):
        send(person_id, *fields)
    assert send(person_id, fields[0])
    other_unit, _ = people_of(case.engine, jurisdiction="IN-NL", label=str(uuid4()))
    assert send(victim, *fields)
