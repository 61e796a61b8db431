"""Cases that are linked, merged, unmerged and split: by two people, in both histories, with nothing lost."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.domain.access import Denial
from engine.domain.case_links import LinkKind
from engine.domain.records import ItemStatus, PersonRole, RoleStatus
from engine.errors import (
    AlreadyEndedError,
    CaseMergedError,
    InvalidAnswersError,
    NotAllowedError,
    NotFoundError,
    OwnApprovalError,
)
from engine.usecases import case_links as cl
from engine.usecases.conflicts import note_conflict
from engine.usecases.persons import change_role
from engine.usecases.referrals import accept_referral, offer_referral
from engine.usecases.same_person import merge_persons, unmerge_persons
from engine.usecases.split_case import split_case
from engine.usecases.steer_case import add_person, add_step
from engine.usecases.work_items import claim_work_item
from tests.integration.usecases.test_persons import ask, event_types, person_of
from tests.integration.usecases.world import INTAKE, World

SAME: dict[str, Any] = {"reason_code": "same_report"}


def links(world: World, case_id: UUID) -> Any:
    with world.engine.unit_of_work() as work:
        return work.links.live_of(case_id)


def merged(world: World, primary: UUID, stub: UUID, *, rests: bool) -> UUID:
    link = cl.ask_merge(world.engine, primary, stub, rests=rests, **SAME, **ask(world))
    cl.answer_merge(world.engine, link, case_id=primary, is_approved=True, **ask(world, "supervisor"))
    return link


def parts(world: World, case_id: UUID) -> Any:
    state = world.state(case_id)
    case = state.case.model_copy(update={"revision": 0, "chain_head": b"", "chain_length": 0})
    return case, state.persons, state.runs, state.steps, state.deadlines, state.past, state.facts


def open_items(world: World, case_id: UUID) -> Any:
    with world.engine.unit_of_work() as work:
        return {(i.id, i.status, i.assignee_id) for i in work.items.open_of_case(case_id)}


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
    theirs = world.open(unit_id=world.network.other_unit, viewer=world.other("intake_officer"))
    with pytest.raises(NotFoundError):
        cl.link_cases(world.engine, mine.case_id, theirs.case_id, kind=LinkKind.SAME_EVENT, **ask(world))
    offered = offer_referral(
        world.engine, theirs.case_id, viewer=world.other("case_manager"), command_id=uuid4(), to_unit_id=world.unit
    )
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
    why = {"reason_code": "papers", "case_id": one.case_id, "other_case_id": two.case_id}
    merge_persons(world.engine, person, same, **why, **ask(world))
    world.rows('UPDATE "case" SET unit_id = :unit WHERE id = :id', unit=world.network.other_unit, id=one.case_id)
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


def test_what_cannot_be_merged_is_refused_in_words(world: World) -> None:
    one, two, three = world.open(), world.open(), world.open()
    merged(world, one.case_id, two.case_id, rests=False)
    for primary, stub in ((two, three), (three, two), (three, one), (one, one)):
        with pytest.raises(InvalidAnswersError):
            cl.ask_merge(world.engine, primary.case_id, stub.case_id, rests=False, **SAME, **ask(world))
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


def test_whoever_must_not_know_of_a_case_does_not_know_of_the_one_that_comes_out_of_it(world: World) -> None:
    opened = world.open()
    goes = add_person(world.engine, opened.case_id, role=PersonRole.VICTIM, identity={}, **ask(world))
    shy, out = world.who("counsellor").actor_id, world.who("lawyer").actor_id
    note_conflict(world.engine, opened.case_id, actor_id=shy, reason_code="relative", **ask(world))
    with world.engine.unit_of_work() as work:
        said: dict[str, Any] = {
            "case_id": opened.case_id,
            "actor_id": out,
            "reason_code": "threat",
            "set_at": world.clock.now(),
        }
        work.access.deny(Denial(id=uuid4(), **said))
        work.commit()
    apart = split_case(world.engine, opened.case_id, [goes], reason_code="other_event", **ask(world))
    with world.engine.unit_of_work() as work:
        assert [(known.actor_id, known.reason_code) for known in work.duty.conflicts_of(apart)] == [(shy, "relative")]
        assert [known.actor_id for known in work.access.denials_of(apart)] == [out]


def test_a_case_is_not_split_so_that_nobody_stays_or_by_whom_it_is_not_for(world: World) -> None:
    opened = world.open()
    only = person_of(world, opened.case_id)
    for persons in ([only], [], [uuid4()]):
        with pytest.raises(InvalidAnswersError):
            split_case(world.engine, opened.case_id, persons, reason_code="other_event", **ask(world))
    with pytest.raises(NotAllowedError):
        split_case(world.engine, opened.case_id, [only], reason_code="other_event", **ask(world, "caseworker"))
    theirs = world.open(unit_id=world.network.other_unit, viewer=world.other("intake_officer"))
    with pytest.raises(NotFoundError):
        split_case(world.engine, theirs.case_id, [only], reason_code="other_event", **ask(world))
