"""Cases that are linked, merged, unmerged and split: by two people, in both histories, with nothing lost."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import recuse
from engine.access.actions.restrict import answer_opening, ask_to_open, restrict_case
from engine.access.store import AccessStore
from engine.approvals.records import OwnApprovalError
from engine.cases.actions.public import Progress, come_back, receipt_code
from engine.cases.encrypted import encrypt_values, outputs_of
from engine.core.access import Recusal, RecusalReason
from engine.core.case_links import CaseMergedError, LinkKind
from engine.core.law.told import told_in
from engine.core.records import LIVE, ItemStatus, PersonRole, RoleStatus
from engine.course.actions.steer import add_person, add_step, record_fact
from engine.deadlines.views.law_here import LawHere
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.persons.actions import links as cl
from engine.persons.actions.persons import change_role
from engine.persons.actions.same import bring_person, merge_persons, unmerge_persons
from engine.persons.actions.split import split_case
from engine.persons.store import LinkStore
from engine.sharing.actions.consents import withdraw_consent
from engine.sharing.actions.referrals import accept_referral, decline_referral, offer_referral, recall_referral
from engine.work.actions.items import claim_work_item
from engine.work.store import ItemStore
from tests.kit.cases import close_at_once
from tests.kit.world import INTAKE, World
from tests.persons.test_persons import ask, event_types, person_of
from tests.sharing.test_sharing import agree, row, share

pytestmark = pytest.mark.long

SAME: dict[str, Any] = {"reason_code": "same_report"}


def links(world: World, case_id: UUID) -> Any:
    return world.of(LinkStore).live_of(case_id)


def merged(world: World, primary: UUID, merged_case: UUID, *, rests: bool) -> UUID:
    link = cl.ask_merge(world.engine, primary, merged_case, rests=rests, **SAME, **ask(world))
    cl.answer_merge(world.engine, link, case_id=primary, is_approved=True, **ask(world, "supervisor"))
    return link


def parts(world: World, case_id: UUID) -> Any:
    state = world.state(case_id)
    case = state.case.model_copy(update={"revision": 0, "chain_head": b"", "chain_length": 0})
    return case, state.persons, state.runs, state.steps, state.deadlines, state.past, state.facts


def open_items(world: World, case_id: UUID) -> Any:
    return {(i.id, i.status, i.assignee_id) for i in world.of(ItemStore).open_of_case(case_id)}


def test_a_link_stands_in_both_histories_without_a_number_and_is_taken_back(world: World) -> None:
    one, two = world.open(), world.open()
    link = cl.link_cases(world.engine, one.case_id, two.case_id, kind=LinkKind.SAME_ROUTE, **ask(world))
    assert [known.kind for known in links(world, two.case_id)] == [LinkKind.SAME_ROUTE]
    bodies = str(world.rows("SELECT body FROM event WHERE type = 'CasesLinked'"))
    assert one.case_number not in bodies
    assert two.case_number not in bodies
    for refused in (two.case_id, one.case_id):
        with pytest.raises(InvalidAnswersError):
            cl.link_cases(world.engine, one.case_id, refused, kind=LinkKind.SAME_ROUTE, **ask(world))
    cl.end_link(world.engine, link, case_id=two.case_id, **ask(world))
    assert links(world, one.case_id) == ()
    for case in (one.case_id, two.case_id):
        assert event_types(world, case)[-2:] == ["CasesLinked", "CasesUnlinked"]
    with pytest.raises(AlreadyEndedError):
        cl.end_link(world.engine, link, case_id=two.case_id, **ask(world))


def test_a_case_of_another_unit_is_linked_only_once_it_was_referred_and_taken_on(world: World) -> None:
    mine = world.open()
    theirs = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
    with pytest.raises(NotFoundError):
        cl.link_cases(world.engine, mine.case_id, theirs.case_id, kind=LinkKind.SAME_EVENT, **ask(world))
    offered = world.act(offer_referral, theirs.case_id, by=world.other("case_manager"), to_unit_id=world.unit)
    with pytest.raises(NotFoundError):
        cl.link_cases(world.engine, mine.case_id, theirs.case_id, kind=LinkKind.SAME_EVENT, **ask(world))
    accept_referral(world.engine, offered, **ask(world))
    cl.link_cases(world.engine, mine.case_id, theirs.case_id, kind=LinkKind.SAME_EVENT, **ask(world))
    with pytest.raises(NotFoundError):
        cl.ask_merge(world.engine, mine.case_id, theirs.case_id, rests=False, **SAME, **ask(world))


def test_a_merge_needs_a_second_person_who_leads(world: World) -> None:
    one, two = world.open(), world.open()
    with pytest.raises(NotAllowedError):
        cl.ask_merge(world.engine, one.case_id, two.case_id, rests=False, **SAME, **ask(world, "caseworker"))
    link = cl.ask_merge(world.engine, one.case_id, two.case_id, rests=False, **SAME, **ask(world))
    assert world.state(two.case_id).case.merged_into is None
    with pytest.raises(OwnApprovalError):
        cl.answer_merge(world.engine, link, case_id=one.case_id, is_approved=True, **ask(world))
    with pytest.raises(NotAllowedError):
        cl.answer_merge(world.engine, link, case_id=one.case_id, is_approved=True, **ask(world, "caseworker"))
    with pytest.raises(NotFoundError):
        cl.unmerge_cases(world.engine, link, case_id=one.case_id, reason_code="mistaken", **ask(world))
    cl.answer_merge(world.engine, link, case_id=two.case_id, is_approved=True, **ask(world, "supervisor"))
    assert world.state(two.case_id).case.merged_into == one.case_id
    assert event_types(world, one.case_id)[-1] == "CaseTookIn"
    with pytest.raises(AlreadyEndedError):
        cl.answer_merge(world.engine, link, case_id=two.case_id, is_approved=True, **ask(world, "supervisor"))


def test_a_merge_that_is_refused_changes_nothing(world: World) -> None:
    one, two = world.open(), world.open()
    before = parts(world, two.case_id)
    link = cl.ask_merge(world.engine, one.case_id, two.case_id, rests=True, **SAME, **ask(world))
    cl.answer_merge(world.engine, link, case_id=one.case_id, is_approved=False, **ask(world, "supervisor"))
    assert parts(world, two.case_id) == before
    assert links(world, one.case_id) == ()


@pytest.mark.parametrize("which", [0, 1])
def test_a_merge_of_a_case_that_changed_since_is_over_and_who_asked_is_told(world: World, which: int) -> None:
    both = world.open().case_id, world.open().case_id
    link = cl.ask_merge(world.engine, *both, rests=False, **SAME, **ask(world))
    close_at_once(world.engine, both[which], world.who("case_manager"))
    with pytest.raises(ConflictError):
        cl.answer_merge(world.engine, link, case_id=both[0], is_approved=True, **ask(world, "supervisor"))
    told = world.rows("SELECT recipient_id FROM message WHERE kind = 'second_decided'")
    assert {row[0] for row in told} == {world.who("case_manager").actor_id}
    assert links(world, both[0]) == ()
    assert world.state(both[1]).case.merged_into is None
    with pytest.raises(AlreadyEndedError):
        cl.answer_merge(world.engine, link, case_id=both[0], is_approved=True, **ask(world, "supervisor"))


@pytest.mark.parametrize("rests", [True, False])
def test_whoever_must_not_know_of_the_stub_must_not_know_of_the_case_in_which_work_goes_on(
    world: World,
    rests: bool,  # noqa: FBT001
) -> None:
    one, two = world.at_look(), world.at_look()
    shy, out, known = (world.who(role) for role in ("caseworker", "lawyer", "counsellor"))
    claim_work_item(world.engine, world.item(one.case_id, "look").id, **ask(world, "caseworker"))
    merged_case: dict[str, Any] = {
        "reason": RecusalReason.DENIED,
        "reason_code": "threat",
        **ask(world, "nodal_officer"),
    }
    recuse(world.engine, two.case_id, actor_id=out.actor_id, **merged_case)
    recuse(world.engine, two.case_id, unit_id=world.other_unit, **merged_case | {"command_id": uuid4()})
    for case_id in (one.case_id, two.case_id):
        recuse(
            world.engine, case_id, actor_id=known.actor_id, reason=RecusalReason.CONFLICT_OF_INTEREST,
            reason_code="relative", **ask(world),
        )  # fmt: skip
    recuse(
        world.engine, two.case_id, actor_id=shy.actor_id, reason=RecusalReason.CONFLICT_OF_INTEREST,
        reason_code="friend", **ask(world),
    )  # fmt: skip
    before = event_types(world, one.case_id)
    link = merged(world, one.case_id, two.case_id, rests=rests)
    asked, taken, *recused = event_types(world, one.case_id)[len(before) :]
    assert (asked, taken) == ("MergeAsked", "CaseTookIn")
    assert sorted(recused) == ["AccessDenied", "AccessDenied", "ConflictNoted"]
    assert world.item(one.case_id, "look").assignee_id is None
    for viewer in (shy, out):
        with pytest.raises(NotFoundError):
            world.engine.ask(case_page, viewer, one.case_id)
    reasons = {one.actor_id: one.reason_code for one in world.of(AccessStore).recusals_of(one.case_id)}
    assert reasons == {known.actor_id: "relative", shy.actor_id: "friend", out.actor_id: "threat", None: "threat"}
    cl.unmerge_cases(world.engine, link, case_id=two.case_id, reason_code="mistaken", **ask(world))
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, shy, one.case_id)
    again = merged(world, one.case_id, two.case_id, rests=rests)
    assert event_types(world, one.case_id)[-1] == "CaseTookIn", "what is there is not written twice"
    assert again != link
    assert list(world.engine.broken_chains()) == []


@pytest.mark.parametrize("rests", [True, False])
def test_merging_and_unmerging_gives_the_same_cases_and_worklists(world: World, rests: bool) -> None:  # noqa: FBT001
    one, two = world.at_look(), world.at_look()
    claim_work_item(world.engine, world.item(two.case_id, "look").id, **ask(world, "caseworker"))
    world.later(hours=6)
    world.fire()
    before = [parts(world, case.case_id) for case in (one, two)]
    items = open_items(world, two.case_id)
    link = merged(world, one.case_id, two.case_id, rests=rests)
    assert open_items(world, two.case_id) == (set() if rests else items)
    cl.unmerge_cases(world.engine, link, case_id=two.case_id, reason_code="mistaken", **ask(world))
    assert [parts(world, case.case_id) for case in (one, two)] == before
    assert open_items(world, two.case_id) == items
    assert [event_types(world, case.case_id)[-1] for case in (one,)] == ["CaseLetGo"]


def test_a_stub_that_rests_tells_nobody_and_a_limit_that_passed_meanwhile_is_late_once_since_its_time(
    world: World,
) -> None:
    one, two = world.open(), world.at_look()
    due = world.deadline(two.case_id, "look").due_at
    link = merged(world, one.case_id, two.case_id, rests=True)
    world.later(hours=30)
    world.fire()
    count = "SELECT count(*) FROM event WHERE case_id = :id AND type = 'DeadlineBreached'"
    assert world.rows(count, id=two.case_id)[0][0] == 0
    cl.unmerge_cases(world.engine, link, case_id=one.case_id, reason_code="mistaken", **ask(world))
    for _ in range(3):
        world.later(minutes=1)
        world.fire()
    assert world.rows(count, id=two.case_id)[0][0] == 1
    assert world.deadline(two.case_id, "look").breached_at == due


def test_a_stub_that_goes_on_is_worked_and_fires_once_and_takes_nothing_new(world: World) -> None:
    one, two = world.open(), world.open()
    merged(world, one.case_id, two.case_id, rests=False)
    world.complete(world.item(two.case_id, "intake"), by="intake_officer", answers=INTAKE)
    assert world.item(two.case_id, "look").status is ItemStatus.READY
    acts: list[Callable[[], object]] = [
        lambda: add_person(world.engine, two.case_id, role=PersonRole.WITNESS, identity={}, **ask(world)),
        lambda: add_step(world.engine, two.case_id, uses="trial.talk", **ask(world)),
    ]
    for act in acts:
        with pytest.raises(CaseMergedError):
            act()
    world.later(hours=30)
    world.fire()
    world.fire()
    breaches = world.rows("SELECT body FROM event WHERE case_id = :id AND type = 'DeadlineBreached'", id=two.case_id)
    assert [row.body["deadline"]["key"] for row in breaches] == ["look"]


def test_what_was_merged_or_linked_is_undone_by_its_own_unit_after_the_other_case_was_handed_over(world: World) -> None:
    one, two, three = world.open(), world.open(), world.open()
    link = merged(world, one.case_id, two.case_id, rests=True)
    asked = cl.ask_merge(world.engine, one.case_id, three.case_id, rests=False, **SAME, **ask(world))
    route = cl.link_cases(world.engine, one.case_id, two.case_id, kind=LinkKind.SAME_ROUTE, **ask(world))
    person, same = person_of(world, one.case_id), person_of(world, two.case_id)
    why: dict[str, Any] = {"reason_code": "papers", "case_id": one.case_id, "other_case_id": two.case_id}
    merge_persons(world.engine, person, same, **why, **ask(world))
    world.rows('UPDATE "case" SET unit_id = :unit WHERE id = :id', unit=world.other_unit, id=one.case_id)
    there = {"viewer": world.other("case_manager")}
    with pytest.raises(NotFoundError):
        cl.unmerge_cases(world.engine, link, case_id=one.case_id, reason_code="mistaken", command_id=uuid4(), **there)
    with pytest.raises(NotFoundError):
        cl.end_link(world.engine, route, case_id=one.case_id, **ask(world))
    with pytest.raises(NotFoundError):
        cl.answer_merge(world.engine, asked, case_id=three.case_id, is_approved=True, **ask(world, "supervisor"))
    cl.answer_merge(world.engine, asked, case_id=three.case_id, is_approved=False, **ask(world))
    cl.end_link(world.engine, route, case_id=two.case_id, **ask(world))
    unmerge_persons(world.engine, same, case_id=two.case_id, reason_code="mistaken", **ask(world))
    cl.unmerge_cases(world.engine, link, case_id=two.case_id, reason_code="mistaken", **ask(world))
    assert links(world, two.case_id) == links(world, three.case_id) == ()
    assert world.state(two.case_id).case.merged_into is None


def test_whoever_reported_a_case_that_rests_in_another_hears_how_far_that_is(world: World) -> None:
    primary, merged_case = world.at_talk(), world.at_look()
    code = receipt_code(world.engine, merged_case.case_id, viewer=world.who("intake_officer"))

    def heard() -> Progress:
        return come_back(world.engine, number=merged_case.case_number, code=code, network="").progress

    assert heard() is Progress.RECEIVED
    merged(world, primary.case_id, merged_case.case_id, rests=True)
    assert heard() is Progress.AT_WORK
    close_at_once(world.engine, primary.case_id, world.who("case_manager"))
    assert heard() is Progress.CLOSED


def test_what_was_done_before_a_merge_counts_as_work_for_whoever_reported(world: World) -> None:
    primary, merged_case = world.at_look(), world.at_talk()
    code = receipt_code(world.engine, merged_case.case_id, viewer=world.who("intake_officer"))
    merged(world, primary.case_id, merged_case.case_id, rests=True)
    found = come_back(world.engine, number=merged_case.case_number, code=code, network="")
    assert found.progress is Progress.AT_WORK


def test_what_cannot_be_merged_is_refused_in_words(world: World) -> None:
    one, two, three = world.open(), world.open(), world.open()
    merged(world, one.case_id, two.case_id, rests=False)
    for primary, merged_case in ((two, three), (three, two), (three, one), (one, one)):
        with pytest.raises(InvalidAnswersError):
            cl.ask_merge(world.engine, primary.case_id, merged_case.case_id, rests=False, **SAME, **ask(world))
    with pytest.raises(InvalidAnswersError):
        cl.ask_merge(
            world.engine, one.case_id, three.case_id, rests=False, reason_code="Moni is the same", **ask(world)
        )


def test_no_case_rests_whose_limit_of_the_law_the_other_one_does_not_have(world: World) -> None:
    one, two = world.open(), world.open()
    by_law = "UPDATE deadline SET law = 'IN-JJ-PROD-24H' WHERE case_id = :id"
    world.rows(by_law, id=two.case_id)
    with pytest.raises(InvalidAnswersError) as refused:
        cl.ask_merge(world.engine, one.case_id, two.case_id, rests=True, **SAME, **ask(world))
    assert "IN-JJ-PROD-24H" in refused.value.problems["rests"]
    world.rows(by_law, id=one.case_id)
    link = cl.ask_merge(world.engine, one.case_id, two.case_id, rests=True, **SAME, **ask(world))
    world.rows("UPDATE deadline SET law = NULL WHERE case_id = :id", id=one.case_id)
    with pytest.raises(InvalidAnswersError):
        cl.answer_merge(world.engine, link, case_id=one.case_id, is_approved=True, **ask(world, "supervisor"))


def test_no_person_leaves_a_case_while_a_limit_of_the_law_runs_for_them(world: World) -> None:
    opened = world.open()
    goes = add_person(world.engine, opened.case_id, role=PersonRole.VICTIM, identity={}, **ask(world))
    for_them = "UPDATE deadline SET law = 'IN-JJ-PROD-24H', path = :path WHERE case_id = :id"
    world.rows(for_them, path=f"person:{goes}", id=opened.case_id)
    with pytest.raises(InvalidAnswersError) as refused:
        split_case(world.engine, opened.case_id, [goes], reason_code="other_event", **ask(world))
    assert set(refused.value.problems) == {"person_ids"}


def test_some_persons_go_into_a_case_of_their_own_and_everybody_is_somewhere_once(world: World) -> None:
    opened = world.open()
    stays = person_of(world, opened.case_id)
    goes = add_person(world.engine, opened.case_id, role=PersonRole.VICTIM, identity={}, **ask(world))
    likely: dict[str, Any] = {"role": PersonRole.VICTIM, "to_role": PersonRole.VICTIM, "status": RoleStatus.LIKELY}
    change_role(world.engine, goes, case_id=opened.case_id, **likely, **ask(world))
    before, command = world.state(opened.case_id), ask(world)
    made = {split_case(world.engine, opened.case_id, [goes], reason_code="other_event", **command) for _ in range(2)}
    (apart,) = made
    now, new = world.state(opened.case_id), world.state(apart)
    assert {p.person_id for p in now.persons if p.removed_at is None} == {stays}
    assert [(p.person_id, p.role, p.status) for p in new.persons] == [(goes, PersonRole.VICTIM, RoleStatus.LIKELY)]
    assert set(before.steps) <= set(now.steps)
    assert [run.workflow for run in new.runs.values()] == ["visit"]
    assert world.item(apart, "intake").status is ItemStatus.READY
    assert [known.kind for known in links(world, apart)] == [LinkKind.SPLIT]
    assert (event_types(world, opened.case_id)[-1], event_types(world, apart)[-1]) == ("CaseSplit", "CaseSplitOff")
    merged(world, opened.case_id, apart, rests=False)
    both = (world.state(opened.case_id), world.state(apart))
    ids = [key for state in both for key in (*state.steps, *state.deadlines)]
    assert len(ids) == len(set(ids))


def test_a_case_of_their_own_begins_with_the_facts_and_with_what_was_told_of_those_who_go(world: World) -> None:
    opened = world.at_look()
    stays, goes = person_of(world, opened.case_id), add_person(
        world.engine, opened.case_id, role=PersonRole.VICTIM, identity={}, **ask(world)
    )  # fmt: skip
    record_fact(world.engine, opened.case_id, name="mood", value="tense", **ask(world))
    tell(world, opened.case_id, "", offence_day="2024-06-30", district="Kamrup")
    for person, sex in ((stays, "male"), (goes, "female")):
        tell(world, opened.case_id, f"person:{person}", sex=sex, age_band="12_to_17")
    before, told = world.state(opened.case_id), law_told(world, opened.case_id, goes)
    apart = split_case(world.engine, opened.case_id, [goes], reason_code="other_event", **ask(world))
    new = world.state(apart)
    assert (new.facts, new.case.jurisdiction) == ({"mood": "tense"}, before.case.jurisdiction)
    assert law_told(world, apart, goes) == told
    assert law_told(world, apart, goes)[0].sexes == ("female",)
    assert str(law_told(world, apart, goes)[0].offence_on) == "2024-06-30"
    assert law_told(world, apart, stays)[0].sexes == (None,), "nothing of who stays"
    facts = world.rows("SELECT seq, body FROM event WHERE case_id = :c AND type = 'FactRecorded'", c=apart)
    runs = world.rows("SELECT seq FROM event WHERE case_id = :c AND type = 'RunStarted'", c=apart)
    assert [one.body["source"] for one in facts] == ["split"]
    assert facts[0].seq < runs[0].seq, "they are there before anything waits for them"
    history = [line.text for line in world.engine.ask(case_history, world.who("case_manager"), apart)]
    assert not any("told:" in text for text in history)
    assert list(world.engine.broken_chains()) == []


def test_a_split_takes_nothing_away_and_merging_back_gives_nothing_twice(world: World) -> None:
    opened = world.at_look()
    goes = add_person(world.engine, opened.case_id, role=PersonRole.VICTIM, identity={}, **ask(world))
    record_fact(world.engine, opened.case_id, name="mood", value="tense", **ask(world))
    tell(world, opened.case_id, f"person:{goes}", sex="female")
    facts, told = world.state(opened.case_id).facts, law_told(world, opened.case_id, goes)
    apart = split_case(world.engine, opened.case_id, [goes], reason_code="other_event", **ask(world))
    assert world.state(opened.case_id).facts == facts
    record_fact(world.engine, apart, name="mood", value="calm", **ask(world))
    merge = merged(world, opened.case_id, apart, rests=True)
    bring_person(world.engine, goes, from_case_id=apart, case_id=opened.case_id, role=PersonRole.VICTIM, **ask(world))
    assert world.state(opened.case_id).facts == facts, "what was said since in the other case stays there"
    assert law_told(world, opened.case_id, goes) == told
    cl.unmerge_cases(world.engine, merge, case_id=apart, reason_code="mistaken", **ask(world))
    assert world.state(apart).facts == {"mood": "calm"}
    assert list(world.engine.broken_chains()) == []


def tell(world: World, case_id: UUID, path: str, **told: str) -> None:
    """Let an ended step of a case have told something of a person, or of all."""
    step_id, values = uuid4(), {f"tells:{name}": value for name, value in told.items()}
    encrypted = encrypt_values(
        world.engine.vault, values, outputs_of(step_id), case_id=case_id, unit_id=world.state(case_id).case.unit_id
    )
    world.rows(
        "INSERT INTO step (id, case_id, unit_id, run_id, key, path, uses, automatic, status, opened_at, ended_at,"
        " recorded_at, outcome, encrypted_outputs, series_over, turn, revision)"
        " SELECT :id, case_id, unit_id, run_id, 'told', :path, uses, automatic, status, opened_at,"
        " ended_at, recorded_at, outcome, :outputs, true, turn, revision"
        " FROM step WHERE case_id = :c AND key = 'intake'",
        c=case_id, path=path, id=step_id, outputs=encrypted,
    )  # fmt: skip


def law_told(world: World, case_id: UUID, person: UUID) -> Any:
    """Return what is known of a person for the law, as the core reads it and as pages do."""
    element, zone = f"person:{person}", "Asia/Kolkata"
    core = told_in(world.state(case_id), element, zone=zone)
    with world.engine.reader.reading() as reading:
        page = LawHere(reading, world.engine.library()).told(case_id, element, zone=zone)
    assert page == core
    return core, page


def test_whoever_must_not_know_of_a_case_does_not_know_of_the_one_that_comes_out_of_it(world: World) -> None:
    opened = world.open()
    goes = add_person(world.engine, opened.case_id, role=PersonRole.VICTIM, identity={}, **ask(world))
    shy, out = world.who("counsellor").actor_id, world.who("lawyer").actor_id
    recuse(
        world.engine, opened.case_id, actor_id=shy, reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="relative",
        **ask(world),
    )  # fmt: skip
    with world.engine.transaction() as tx:
        said: dict[str, Any] = {
            "case_id": opened.case_id,
            "actor_id": out,
            "reason_code": "threat",
            "set_at": world.clock.now(),
        }
        tx.of(AccessStore).recuse(Recusal(reason=RecusalReason.DENIED, id=uuid4(), **said))
        tx.commit()
    apart = split_case(world.engine, opened.case_id, [goes], reason_code="other_event", **ask(world))
    found = world.of(AccessStore).recusals_of(apart)
    assert {(one.actor_id, one.reason, one.reason_code) for one in found} == {
        (shy, "conflict_of_interest", "relative"),
        (out, "denied", "threat"),
    }


def test_nobody_leaves_a_sealed_case_by_the_hand_of_one_person(world: World) -> None:
    opened, other = world.open(), world.open()
    person = add_person(world.engine, opened.case_id, role=PersonRole.VICTIM, identity={}, **ask(world))
    theirs = person_of(world, other.case_id)
    holder, officer = world.who("case_manager"), world.who("data_protection_officer")
    world.act(restrict_case, opened.case_id, by=officer, ground_code="objection", holder_id=holder.actor_id)
    mine: dict[str, Any] = {"from_case_id": opened.case_id, "case_id": other.case_id, "role": PersonRole.WITNESS}
    one: dict[str, Any] = {"case_id": opened.case_id, "other_case_id": other.case_id, "reason_code": "papers"}
    turned = one | {"case_id": other.case_id, "other_case_id": opened.case_id}
    ways: dict[str, Callable[[], object]] = {
        "case": lambda: bring_person(world.engine, person, **mine, **ask(world)),
        "person": lambda: merge_persons(world.engine, person, theirs, **one, **ask(world)),
        "person_ids": lambda: split_case(world.engine, opened.case_id, [person], reason_code="safety", **ask(world)),
    }
    again = ("person", lambda: merge_persons(world.engine, theirs, person, **turned, **ask(world)))
    for field, way in [*ways.items(), again]:
        with pytest.raises(InvalidAnswersError) as refused:
            way()
        assert "two people have to lift the restriction" in refused.value.problems[field]
    ask_to_open(world.engine, opened.case_id, viewer=officer)
    answer_opening(world.engine, opened.case_id, viewer=holder, agreed=True)
    for way in ways.values():
        way()


def test_a_case_is_not_split_so_that_nobody_stays_or_by_whom_it_is_not_for(world: World) -> None:
    opened = world.open()
    only = person_of(world, opened.case_id)
    for persons in ([only], [], [uuid4()]):
        with pytest.raises(InvalidAnswersError):
            split_case(world.engine, opened.case_id, persons, reason_code="other_event", **ask(world))
    with pytest.raises(NotAllowedError):
        split_case(world.engine, opened.case_id, [only], reason_code="other_event", **ask(world, "caseworker"))
    theirs = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
    with pytest.raises(NotFoundError):
        split_case(world.engine, theirs.case_id, [only], reason_code="other_event", **ask(world))


def test_the_chains_of_both_histories_verify_after_each_link_merge_split_and_their_undoing(world: World) -> None:
    one, two, three = world.at_look(), world.open(), world.open()

    def whole() -> bool:
        return list(world.engine.broken_chains()) == []

    link = cl.link_cases(world.engine, one.case_id, three.case_id, kind=LinkKind.SAME_ROUTE, **ask(world))
    assert whole()
    cl.end_link(world.engine, link, case_id=one.case_id, **ask(world))
    assert whole()
    merge = merged(world, one.case_id, two.case_id, rests=False)
    assert whole()
    cl.unmerge_cases(world.engine, merge, case_id=two.case_id, reason_code="mistaken", **ask(world))
    assert whole()
    resting = merged(world, one.case_id, three.case_id, rests=True)
    cl.unmerge_cases(world.engine, resting, case_id=one.case_id, reason_code="mistaken", **ask(world))
    assert whole()
    goes = add_person(world.engine, one.case_id, role=PersonRole.VICTIM, identity={}, **ask(world))
    apart = split_case(world.engine, one.case_id, [goes], reason_code="other_event", **ask(world))
    assert whole()
    merged(world, one.case_id, apart, rests=False)
    assert whole()
    world.rows("UPDATE event SET body = body || '{\"x\": 1}' WHERE case_id = :c AND type = 'CaseSplitOff'", c=apart)
    assert not whole(), "a changed line would be found"


@pytest.mark.parametrize("rests", [True, False])
@pytest.mark.parametrize("act", ["withdraw", "recall", "decline", "accept"])
def test_a_consent_is_withdrawn_and_a_referral_answered_in_a_stub_too(world: World, rests: bool, act: str) -> None:  # noqa: FBT001
    merged_case, primary = world.at_look().case_id, world.at_look().case_id
    consent = agree(world, merged_case)
    referral = share(world, merged_case, consent_id=consent)
    link = merged(world, primary, merged_case, rests=rests)
    if act == "withdraw":
        world.act(withdraw_consent, consent, by="caseworker")
    elif act == "recall":
        world.act(recall_referral, referral, by="partnership_manager")
    elif act == "decline":
        other = world.other("caseworker")
        world.act(decline_referral, referral, by=other, reason_code="no_place")
    else:
        world.act(accept_referral, referral, by=world.other("caseworker"))
    asked = row(world, referral)
    assert asked.status == {"decline": "declined", "accept": "accepted"}.get(act, "recalled")
    assert world.state(merged_case).steps[asked.answer_step_id].status not in LIVE
    cl.unmerge_cases(world.engine, link, case_id=merged_case, reason_code="mistaken", **ask(world))
    assert {step.key for step in world.state(merged_case).steps.values() if step.status in LIVE} == {"look"}
    assert not list(world.engine.broken_chains())


@pytest.mark.parametrize("rests", [True, False])
def test_a_partner_outside_the_network_is_telephoned_from_a_stub_too(world: World, rests: bool) -> None:  # noqa: FBT001
    merged_case, primary = world.at_look().case_id, world.at_look().case_id
    consent = agree(world, merged_case, recipients=("kind:shelter",))
    referral = share(world, merged_case, consent_id=consent, to_name="A home", to_kind="shelter")
    merged(world, primary, merged_case, rests=rests)
    world.act(withdraw_consent, consent, by="caseworker")
    assert row(world, referral).status == "recalled"
    calls = [
        step
        for case_id in (merged_case, primary)
        for step in world.state(case_id).steps.values()
        if step.uses == "core.call" and step.status in LIVE
    ]
    assert len(calls) == 1
