"""Who stands for a child and is a suspect cannot agree for it; a victim who is one is heard after a lawyer's note."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.case_links import LinkKind
from engine.core.persons import NOTE, LawyersNoteError
from engine.core.records import LIVE, PersonRole
from engine.course.actions.steer import add_person, identify_person
from engine.errors import InvalidAnswersError
from engine.overview.views.case import case_page
from engine.persons.actions.links import end_link, link_cases
from engine.persons.actions.same import merge_persons
from engine.rehearsal.world import people_of
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.partners import answer_by_link, make_partner_link, open_partner_link, read_by_link
from engine.sharing.actions.referrals import ReferralRequest, offer_referral
from engine.sharing.records.consent import ConsentError, GivenBy
from engine.work.views.form import item_form
from tests.kit.cases import DAY, Work
from tests.kit.world import World

STATEMENT = "prosecution.statement"


def both(case: Work) -> UUID:
    """Bring somebody in who was written down as a suspect, and is found to be a victim."""
    path = case.joins(role=PersonRole.SUSPECT, name="Invented", age=30)
    case.becomes_victim(path)
    return UUID(path.partition(":")[2])


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
        agreed = GivenConsent(
            person_id=of, kind=GivenBy.PERSON, purposes=("prosecution",), recipients=(f"unit:{other_unit}",),
            fields=fields, valid_until=case.world.now() + 90 * DAY, language="en", read_aloud=True, assent="yes",
        )  # fmt: skip
        consent = case.act(record_consent, case.case_id, by="counsellor", agreed=agreed)
        asked = ReferralRequest(purpose="prosecution", help="lawyer", urgency="high", fields=wanted, consent_id=consent)
        return case.act(offer_referral, case.case_id, by="case_manager", to_unit_id=other_unit, wanted=asked)

    with pytest.raises(ConsentError, match="must stay with the case"):
        send(person_id, *fields)
    assert send(person_id, fields[0])
    other_unit, _ = people_of(case.engine, jurisdiction="IN-NL", label=str(uuid4()))
    assert send(victim, *fields)


@pytest.mark.parametrize("has_accepted", [False, True])
def test_a_partner_by_link_gets_no_statement_of_somebody_who_became_a_suspect_since(
    case: Work, *, has_accepted: bool
) -> None:
    victim = next(person.person_id for person in case.state.persons)
    case.act(identify_person, victim, case_id=case.case_id, by="caseworker", identity={"name": "Invented"})
    case.answer(case.add_for(STATEMENT, f"person:{victim}"))
    fields = ("person.name", f"{STATEMENT}.magistrate")
    token, session = link_to_lawyer(case, victim, fields)
    if has_accepted:
        answer_by_link(case.engine, token, session, accepts=True, phone="+91 364 000000")
        assert len(read_by_link(case.engine, token, session).lines) == len(fields)
    case.answer(case.add_for(NOTE, f"person:{victim}"))
    with case.engine.transaction() as tx:
        command = cm.AddPerson(victim, PersonRole.SUSPECT)
        carry_out(case.engine, tx, tx.of(CaseStore).lock(case.case_id), command, actor_id=None, now=case.world.now())
        tx.commit()
    if has_accepted:
        [line] = read_by_link(case.engine, token, session).lines
        assert line.label.endswith(": name")
    else:
        with pytest.raises(ConsentError, match="must stay with the case"):
            answer_by_link(case.engine, token, session, accepts=True, phone="+91 364 000000")
        assert read_by_link(case.engine, token, session).status == "offered"
        answer_by_link(case.engine, token, session, accepts=False, reason_code="no_capacity")


def link_to_lawyer(case: Work, of: UUID, fields: tuple[str, ...]) -> tuple[str, str]:
    """Offer fields of somebody to a lawyer outside, and open the link that they got."""
    agreed = GivenConsent(
        person_id=of, kind=GivenBy.PERSON, purposes=("prosecution",), recipients=("kind:lawyer",), fields=fields,
        valid_until=case.world.now() + 90 * DAY, language="en", read_aloud=True, assent="yes",
    )  # fmt: skip
    consent = case.act(record_consent, case.case_id, by="counsellor", agreed=agreed)
    asked = ReferralRequest(
        purpose="prosecution", help="lawyer", urgency="high", fields=fields, consent_id=consent, to_name="Somebody",
        to_kind="lawyer",
    )  # fmt: skip
    manager = case.people["case_manager"]
    referral = case.act(offer_referral, case.case_id, by=manager, wanted=asked)
    link = case.act(make_partner_link, referral, by=manager)
    token = link.path.removeprefix("/p/")
    return token, open_partner_link(case.engine, token, code=link.code)


def _by(world: World, role: str = "case_manager") -> dict[str, Any]:
    return {"viewer": world.who(role), "command_id": uuid4()}


def _add(world: World, case_id: UUID, role: PersonRole) -> UUID:
    return add_person(world.engine, case_id, role=role, identity={}, **_by(world))


def _agree(world: World, case_id: UUID, kind: GivenBy = GivenBy.GUARDIAN) -> UUID:
    child = world.state(case_id).persons[0].person_id
    agreed = GivenConsent(
        child, kind, ("shelter",), ("kind:shelter",), ("person.name",), world.clock.now() + timedelta(days=9),
        assent="yes",
    )  # fmt: skip
    return record_consent(world.engine, case_id, agreed=agreed, **_by(world, "counsellor"))


def _warnings(world: World, case_id: UUID) -> tuple[str, ...]:
    return world.engine.ask(case_page, world.who("caseworker"), case_id).warnings


def _same(world: World, case_id: UUID, first: UUID, other_id: UUID, second: UUID) -> None:
    merge_persons(
        world.engine, first, second, case_id=case_id, other_case_id=other_id, reason_code="same_details", **_by(world)
    )


def test_a_guardian_who_is_a_suspect_of_the_same_case_cannot_agree_for_the_child(world: World) -> None:
    case_id = world.at_look().case_id
    guardian = _add(world, case_id, PersonRole.GUARDIAN)
    assert _agree(world, case_id)
    suspect = _add(world, case_id, PersonRole.SUSPECT)
    assert _warnings(world, case_id) == ()
    _same(world, case_id, guardian, case_id, suspect)
    [warning] = _warnings(world, case_id)
    assert "acts for the child and is a suspect" in warning
    item = world.item(case_id, "look")
    assert warning in world.engine.ask(item_form, world.who("caseworker"), item.id).notes
    with pytest.raises(InvalidAnswersError, match="kind"):
        _agree(world, case_id)
    assert _agree(world, case_id, GivenBy.COMMITTEE)
    _add(world, case_id, PersonRole.GUARDIAN)
    assert _agree(world, case_id), "there is a guardian who is no suspect"


def test_a_family_member_who_is_a_suspect_of_a_linked_case_is_flagged_as_long_as_the_link_holds(world: World) -> None:
    case_id, other_id = world.at_look().case_id, world.open().case_id
    aunt, suspect = _add(world, case_id, PersonRole.FAMILY), _add(world, other_id, PersonRole.SUSPECT)
    _same(world, case_id, aunt, other_id, suspect)
    assert _warnings(world, case_id) == ()
    link = link_cases(world.engine, case_id, other_id, kind=LinkKind.SAME_EVENT, **_by(world))
    assert len(_warnings(world, case_id)) == 1
    assert _warnings(world, other_id) == ()
    with pytest.raises(InvalidAnswersError):
        _agree(world, case_id)
    end_link(world.engine, link, case_id=case_id, **_by(world))
    assert _warnings(world, case_id) == ()
    assert _agree(world, case_id)
