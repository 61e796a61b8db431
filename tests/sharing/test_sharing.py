"""What leaves a unit: on a consent or a law, released by name, seen as far as agreed, called back at once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.restrict import restrict_case
from engine.access.store import AccessStore
from engine.core.access import Via, of_person
from engine.core.case_links import ReferralKind, ReferralStatus
from engine.core.records import DeadlineStatus, PersonRole, StepStatus
from engine.course.actions.steer import add_person
from engine.db.tables import TABLES
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.persons.views.person import person_page
from engine.sharing.actions.consents import GivenConsent, end_expired_consents, record_consent, withdraw_consent
from engine.sharing.actions.referrals import (
    ReferralRequest,
    accept_referral,
    decline_referral,
    offer_referral,
    recall_referral,
    reroute_referral,
)
from engine.sharing.actions.releasing import release_referral
from engine.sharing.records.consent import ConsentError, GivenBy
from engine.sharing.store import STAYS, WITH_THE_CASE, PartnerStore, ReferralStore
from engine.sharing.views.sent import offers, sent
from engine.sharing.views.sharing import sharing
from engine.sign_in.records import StepUpNeededError
from engine.work.actions.answers import reveal_answers, reveal_person, reveal_places
from tests.kit.world import LOOKED, World

NAME_AND_AGE = ("person.name", "person.age")


def test_nothing_of_a_case_leaves_without_a_consent_or_a_law(world: World) -> None:
    case_id = world.at_look().case_id
    all_of_them = everybody(world, case_id)
    for ground in ("", "because"):
        with pytest.raises(ConsentError, match="Choose a consent"):
            share(world, case_id, consent_id=None, ground=ground, persons=all_of_them)
    assert world.rows("SELECT 1 FROM referral") == []


@pytest.mark.parametrize(("agreed", "why"), [
    ({"kind": GivenBy.ASSENT}, "child's assent"),
    ({"purposes": ("media",)}, "another purpose"),
    ({"recipients": ("kind:police",)}, "does not name this recipient"),
    ({"fields": ("person.name",)}, "does not cover everything"),
    ({"fields": ("person.*",), "wanted": ("class:health",)}, "does not cover everything"),
])  # fmt: skip
def test_a_consent_covers_what_it_says_and_no_more(world: World, agreed: Mapping[str, Any], why: str) -> None:
    case_id = world.at_look().case_id
    wanted = agreed.get("wanted", NAME_AND_AGE)
    consent = agree(world, case_id, **{name: value for name, value in agreed.items() if name != "wanted"})
    with pytest.raises(ConsentError, match=why):
        share(world, case_id, consent_id=consent, fields=wanted)


def test_who_may_not_release_asks_for_it_and_the_other_unit_hears_of_it_only_then(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(world, case_id, consent_id=agree(world, case_id), viewer=world.who("caseworker"))
    assert row(world, referral).status == "held"
    assert world.engine.ask(offers, world.other("caseworker")) == ()
    assert told(world, "referred") == set()
    assert world.who("case_manager").actor_id in told(world, "to_release")
    with pytest.raises(NotFoundError):
        accept(world, referral)
    world.refuses(NotAllowedError, release_referral, referral, by="counsellor")
    assert world.act(release_referral, referral, by="supervisor")
    found = row(world, referral)
    assert (found.status, found.asked_by, found.released_by) == (
        "offered", world.who("caseworker").actor_id, world.who("supervisor").actor_id,
    )  # fmt: skip
    assert told(world, "referred") == {world.other("partnership_manager").actor_id}


def test_by_what_somebody_can_be_found_leaves_only_when_two_have_released_it(world: World) -> None:
    case_id = world.at_look().case_id
    consent = agree(world, case_id, fields=("class:shelter_address",))
    referral = share(world, case_id, consent_id=consent, fields=("class:shelter_address",))
    assert (row(world, referral).status, row(world, referral).released_by) == ("held", None)
    world.refuses(StepUpNeededError, release_referral, referral, by="case_manager")
    with pytest.raises(StepUpNeededError):
        release(world, referral, "case_manager", by_factor=False)
    assert not release(world, referral, "case_manager")
    with pytest.raises(NotAllowedError):
        release(world, referral, "case_manager")
    assert release(world, referral, "nodal_officer")
    assert row(world, referral).second_by == world.who("nodal_officer").actor_id


def test_before_acceptance_the_purpose_is_seen_and_nothing_of_the_person(world: World) -> None:
    opened = world.at_look()
    share(world, opened.case_id, consent_id=agree(world, opened.case_id))
    [offer] = world.engine.ask(offers, world.other("caseworker"))
    assert (offer.purpose, offer.help, offer.urgency, offer.case_number) == (
        "shelter", "safe_place", "high", opened.case_number,
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, world.other("caseworker"), opened.case_id)


def test_acceptance_gives_exactly_what_was_agreed_as_long_as_it_was_agreed(world: World) -> None:
    case_id = world.at_look().case_id
    until = world.clock.now() + timedelta(days=30)
    referral = share(world, case_id, consent_id=agree(world, case_id, valid_until=until))
    accept(world, referral)
    access = seen_by(world, case_id)
    assert (access.via, access.fields, access.until) == (Via.GRANT, (), until)
    assert of_person(access, everybody(world, case_id)[0]).fields == NAME_AND_AGE
    world.clock.move_to(until)
    assert seen_by(world, case_id).via is Via.NONE


def test_a_consent_that_is_taken_back_ends_what_is_seen_at_once_and_is_told_without_content(world: World) -> None:
    case_id = world.at_look().case_id
    consent = agree(world, case_id)
    accepted, open_one = (
        share(world, case_id, consent_id=consent, kind=kind) for kind in ReferralKind if kind != "transfer"
    )
    accept(world, accepted)
    command = uuid4()
    for _ in range(2):
        count = withdraw_consent(world.engine, consent, viewer=world.who("counsellor"), command_id=command)
        assert count == 2
    assert seen_by(world, case_id).via is Via.NONE
    assert (row(world, accepted).status, row(world, open_one).status) == ("ended", "recalled")
    assert told(world, "recalled") == {world.other("partnership_manager").actor_id}
    bodies = {one.body for one in world.rows("SELECT body FROM message WHERE kind = 'recalled'")}
    assert all("person" not in body and "consent" not in body for body in bodies)
    with pytest.raises(AlreadyEndedError):
        accept(world, open_one)
    with pytest.raises(ConsentError, match="withdrawn"):
        share(world, case_id, consent_id=consent)
    [kept] = world.rows("SELECT * FROM consent")
    assert (kept.withdrawn_by, kept.fields) == (world.who("counsellor").actor_id, list(NAME_AND_AGE))


def test_a_consent_that_has_run_out_is_closed_once_by_a_chore(world: World) -> None:
    case_id = world.at_look().case_id
    until = world.clock.now() + timedelta(days=2)
    referral = share(world, case_id, consent_id=agree(world, case_id, valid_until=until))
    world.clock.move_to(until)
    with pytest.raises(ConsentError, match="expired"):
        accept(world, referral)
    assert [end_expired_consents(world.engine) for _ in range(2)] == [1, 0]
    assert (row(world, referral).status, row(world, referral).ended_reason) == ("recalled", "consent_ran_out")


def test_a_law_allows_what_no_consent_covers_and_is_named(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(world, case_id, consent_id=None, ground="child_report", persons=everybody(world, case_id))
    assert (row(world, referral).status, row(world, referral).ground) == ("offered", "child_report")
    accept(world, referral)
    assert of_person(seen_by(world, case_id), everybody(world, case_id)[0]).fields == NAME_AND_AGE
    assert any(one.body["ground"] == "child_report" for one in events(world, case_id, "ReferralOffered"))


def test_what_one_has_agreed_to_shows_nothing_of_another_person_of_the_case(world: World) -> None:
    case_id, second = with_another(world)
    accept(world, share(world, case_id, consent_id=agree(world, case_id)))
    first, seen = everybody(world, case_id)[0], seen_by(world, case_id)
    assert (of_person(seen, first).fields, of_person(seen, second).fields) == (NAME_AND_AGE, ())
    partner = world.other("caseworker")
    assert [one.id for one in world.engine.ask(case_page, partner, case_id).persons] == [first]
    assert world.engine.ask(person_page, partner, case_id, first).label == "Person 1"
    for asks in (
        lambda: world.engine.ask(person_page, partner, case_id, second),
        lambda: reveal_person(world.engine, second, case_id=case_id, viewer=partner),
    ):
        with pytest.raises(NotFoundError):
            asks()
    assert not events(world, case_id, "PersonRevealed"), "nobody is said to have read what they were not shown"
    assert reveal_person(world.engine, first, case_id=case_id, viewer=partner).id == first
    assert [one.body["person_id"] for one in events(world, case_id, "PersonRevealed")] == [str(first)]


def test_the_answers_of_a_step_that_is_not_shown_are_not_read(world: World) -> None:
    case_id = world.at_talk().case_id
    accept(world, share(world, case_id, consent_id=agree(world, case_id)))
    [step] = [one for one in world.state(case_id).steps.values() if one.uses == "trial.look"]
    proved = {"stepped_up_at": world.engine.wall_clock.now(), "by_factor": True}
    for reveal in (reveal_answers, reveal_places):
        with pytest.raises(NotFoundError):
            reveal(world.engine, step.id, case_id=case_id, viewer=world.other("caseworker").model_copy(update=proved))
    assert [events(world, case_id, name) for name in ("AnswersRevealed", "PlacesRevealed")] == [[], []]
    assert world.rows("SELECT 1 FROM reading WHERE subject_id = :step", step=step.id) == []


def test_of_a_step_of_which_one_answer_is_shown_that_answer_is_read(world: World) -> None:
    case_id, fields = world.at_talk().case_id, ("trial.look.way",)
    accept(world, share(world, case_id, consent_id=agree(world, case_id, fields=fields), fields=fields))
    [step] = [one for one in world.state(case_id).steps.values() if one.uses == "trial.look"]
    found = reveal_answers(world.engine, step.id, case_id=case_id, viewer=world.other("caseworker"))
    assert [one.name for one in found] == ["way"]
    assert len(events(world, case_id, "AnswersRevealed")) == 1


def test_on_a_ground_in_law_each_person_is_chosen_and_a_consent_is_of_whom_it_was_given_by(world: World) -> None:
    case_id, second = with_another(world)
    with pytest.raises(InvalidAnswersError, match="persons"):
        share(world, case_id, consent_id=None, ground="child_report")
    with pytest.raises(InvalidAnswersError, match="persons"):
        share(world, case_id, consent_id=None, ground="child_report", persons=(uuid4(),))
    accept(world, share(world, case_id, consent_id=None, ground="child_report", persons=(second,)))
    assert of_person(seen_by(world, case_id), second).fields == NAME_AND_AGE
    assert of_person(seen_by(world, case_id), everybody(world, case_id)[0]).fields == ()
    consent = agree(world, case_id, recipients=("kind:police",))
    outside = {"to_name": "Thana", "to_kind": "police", "consent_id": consent}
    referral = share(world, case_id, persons=(second,), **outside)
    assert row(world, referral).persons == [everybody(world, case_id)[0]]


def test_the_name_of_a_partner_outside_is_sealed_and_shown_where_the_case_is_kept(world: World) -> None:
    case_id = world.at_look().case_id
    consent = agree(world, case_id, recipients=("kind:police",))
    referral = share(world, case_id, to_name="KANARIENVOGEL", to_kind="police", consent_id=consent)
    lead = world.who("supervisor")
    assert "KANARIENVOGEL" not in world.dump()
    assert [one.to for one in world.engine.ask(sharing, lead, case_id).sent] == ["KANARIENVOGEL"]
    assert [one.to for one in world.engine.ask(sent, lead) if one.id == referral] == ["KANARIENVOGEL"]
    with world.engine.transaction() as tx:
        kept = tx.of(ReferralStore).get(referral)
        assert [name for name, _ in tx.of(PartnerStore).asked_by(lead)] == ["KANARIENVOGEL"]
    assert kept.to_name == "KANARIENVOGEL"


def test_the_answer_has_a_time_limit_that_ends_with_it_and_a_ladder_that_asks_the_next(world: World) -> None:
    case_id = world.at_look().case_id
    consent = agree(world, case_id)
    first = share(world, case_id, consent_id=consent)
    step = row(world, first).answer_step_id
    deadline = next(d for d in world.state(case_id).deadlines.values() if d.step_id == step)
    assert deadline.due_at == world.clock.now() + timedelta(hours=24) == row(world, first).due_at
    world.act(decline_referral, first, by=world.other("caseworker"), reason_code="no_place")
    state = world.state(case_id)
    assert state.steps[step].status is StepStatus.ENDED
    assert step not in {d.step_id for d in state.deadlines.values() if d.status is DeadlineStatus.OPEN}
    assert state.steps[step].outputs["answer"] == "declined"


def test_an_unanswered_one_goes_up_its_ladder(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(world, case_id, consent_id=agree(world, case_id))
    world.later(hours=25)
    world.fire()
    breached = events(world, case_id, "DeadlineBreached")
    assert str(row(world, referral).answer_step_id) in {one.body["deadline"]["step_id"] for one in breached}


def test_what_was_declined_goes_on_to_the_next_with_the_same_terms(world: World) -> None:
    case_id = world.at_look().case_id
    first = share(world, case_id, consent_id=agree(world, case_id))
    world.act(decline_referral, first, by=world.other("caseworker"), reason_code="no_place")
    with pytest.raises(InvalidAnswersError, match="to_unit_id"):
        world.act(reroute_referral, first, by="case_manager")


def test_a_case_that_is_handed_over_belongs_to_the_other_unit_and_only_from_its_acceptance_on(world: World) -> None:
    opened = world.at_look()
    case_id = opened.case_id
    consent = agree(world, case_id)
    referral = share(world, case_id, consent_id=consent, kind=ReferralKind.TRANSFER, fields=(), keep_days=30)
    assert row(world, referral).status == "held", "two people look at it first"
    assert [release(world, referral, role) for role in ("case_manager", "supervisor")] == [False, True]
    assert world.state(case_id).case.unit_id == world.unit
    other = share(world, case_id, consent_id=consent)
    accept(world, referral)
    assert (row(world, other).status, row(world, other).ended_reason) == ("recalled", "handed_over")
    state = world.state(case_id)
    assert state.case.unit_id == world.other_unit
    item = world.item(case_id, "look")
    assert (item.assignee_id, item.status.value) == (None, "ready")
    assert world.engine.ask(case_page, world.other("case_manager"), case_id).number == opened.case_number
    kept = seen_by(world, case_id, viewer="who")
    assert (kept.via, kept.fields, kept.until) == (Via.GRANT, ("case.*",), world.clock.now() + timedelta(days=30))
    lines = world.engine.ask(sent, world.who("case_manager"))
    assert {(line.kind, line.status, line.is_ours) for line in lines} == {
        ("transfer", "accepted", False), ("referral", "recalled", False),
    }  # fmt: skip
    world.refuses(NotFoundError, offer_referral, case_id, by="case_manager")
    world.refuses(NotFoundError, recall_referral, referral, by="case_manager")
    assert list(world.engine.broken_chains()) == []


def test_whatever_names_a_case_and_a_unit_goes_along_or_stays_on_purpose() -> None:
    tables = TABLES
    both = {name for name, table in tables.items() if {"case_id", "unit_id"} <= set(table.c.keys())}
    assert both == {*WITH_THE_CASE, *STAYS}
    assert set(WITH_THE_CASE).isdisjoint(STAYS)


def test_after_a_hand_over_the_work_goes_on_in_the_other_unit(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(world, case_id, consent_id=agree(world, case_id), kind=ReferralKind.TRANSFER, fields=())
    assert [release(world, referral, role) for role in ("case_manager", "supervisor")] == [False, True]
    accept(world, referral)
    assert seen_by(world, case_id, viewer="who").via is Via.NONE
    world.complete(world.item(case_id, "look"), by=world.other("caseworker"), answers=LOOKED)
    assert world.state(case_id).facts is not None
    assert list(world.engine.broken_chains()) == []


def test_what_was_accepted_can_be_called_back_and_is_told(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(world, case_id, consent_id=agree(world, case_id))
    accept(world, referral)
    world.act(recall_referral, referral, by="case_manager")
    assert row(world, referral).status == ReferralStatus.ENDED.value
    assert seen_by(world, case_id).via is Via.NONE
    assert told(world, "recalled") == {world.other("partnership_manager").actor_id}


def test_a_unit_that_must_not_see_a_case_cannot_answer_for_it(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(world, case_id, consent_id=agree(world, case_id))
    world.rows(
        "INSERT INTO recusal (id, case_id, unit_id, reason, reason_code, set_at)"
        " VALUES (:id, :case, :unit, 'denied', 'concern', :at)",
        id=uuid4(), case=case_id, unit=world.other_unit, at=world.clock.now(),
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        accept(world, referral)
    assert seen_by(world, case_id).via is Via.NONE
    with pytest.raises(InvalidAnswersError):
        share(world, case_id, consent_id=agree(world, case_id), kind=ReferralKind.CONSULTATION)


def test_nothing_of_a_sealed_case_leaves(world: World) -> None:
    case_id = world.at_look().case_id
    consent = agree(world, case_id)
    referral = share(world, case_id, consent_id=consent)
    world.act(restrict_case, case_id, by="nodal_officer", ground_code="objection",
        holder_id=world.who("case_manager").actor_id,
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        accept(world, referral)
    with pytest.raises(ConsentError, match="restricted"):
        share(world, case_id, consent_id=consent, kind=ReferralKind.CONSULTATION)


def test_the_ledger_refuses_what_makes_no_sense(world: World) -> None:
    case_id = world.at_look().case_id
    with pytest.raises(InvalidAnswersError) as caught:
        agree(world, case_id, purposes=(), recipients=("everybody",), fields=("all of it",),
              valid_until=world.clock.now(), language="12", assent="perhaps")  # fmt: skip
    assert set(caught.value.problems) == {"purposes", "recipients", "fields", "valid_until", "language", "assent"}
    with pytest.raises(NotFoundError):
        agree(world, case_id, person_id=uuid4())
    with pytest.raises(NotFoundError):
        agree(world, case_id, viewer=world.other("counsellor"))
    with pytest.raises(NotAllowedError):
        agree(world, case_id, viewer=world.who("finance_officer"))


def agree(world: World, case_id: UUID, *, viewer: Any = None, **changes: Any) -> UUID:
    wanted: dict[str, Any] = {
        "person_id": world.state(case_id).persons[0].person_id, "kind": GivenBy.GUARDIAN, "purposes": ("shelter",),
        "recipients": (f"unit:{world.other_unit}",), "fields": NAME_AND_AGE,
        "valid_until": world.clock.now() + timedelta(days=90), "language": "as", "read_aloud": True, "assent": "yes",
    }  # fmt: skip
    who = viewer or world.who("counsellor")
    return world.act(record_consent, case_id, by=who, agreed=GivenConsent(**(wanted | changes)))


def share(world: World, case_id: UUID, *, viewer: Any = None, to: UUID | None = None, **changes: Any) -> UUID:
    wanted: dict[str, Any] = {"purpose": "shelter", "help": "safe_place", "urgency": "high", "fields": NAME_AND_AGE}
    unit = None if changes.get("to_name") else to or world.other_unit
    return world.act(offer_referral, case_id, by=viewer or world.who("case_manager"), to_unit_id=unit,
        wanted=ReferralRequest(**(wanted | changes)),
    )  # fmt: skip


def everybody(world: World, case_id: UUID) -> tuple[UUID, ...]:
    """Choose all persons of a case."""
    return tuple(dict.fromkeys(person.person_id for person in world.state(case_id).persons))


def with_another(world: World) -> tuple[UUID, UUID]:
    """Open a case in which there is a second person; returns the case and them."""
    case_id = world.at_look().case_id
    world.act(
        add_person, case_id, by="case_manager", role=PersonRole.VICTIM, identity={"name": "Another one", "age": 30}
    )
    return case_id, everybody(world, case_id)[-1]


def release(world: World, referral: UUID, role: str, *, by_factor: bool = True) -> bool:
    """Release it as somebody who has proved a moment ago who they are."""
    proof = {"stepped_up_at": world.engine.wall_clock.now(), "by_factor": by_factor}
    viewer = world.who(role).model_copy(update=proof)
    return world.act(release_referral, referral, by=viewer)


def accept(world: World, referral: UUID) -> None:
    world.act(accept_referral, referral, by=world.other("caseworker"))


def seen_by(world: World, case_id: UUID, *, viewer: str = "other") -> Any:
    who = world.other("caseworker") if viewer == "other" else world.who("caseworker")
    return world.of(AccessStore).access_of(who, case_id, world.clock.now())


def row(world: World, referral: UUID) -> Any:
    return world.rows("SELECT * FROM referral WHERE id = :id", id=referral)[0]


def told(world: World, kind: str) -> set[UUID]:
    return {one.recipient_id for one in world.rows("SELECT recipient_id FROM message WHERE kind = :kind", kind=kind)}


def events(world: World, case_id: UUID, type_: str) -> list[Any]:
    return world.rows("SELECT body FROM event WHERE case_id = :case AND type = :type", case=case_id, type=type_)
