"""Claiming, releasing and delegating; drafts; revealing; what is said of a case beside answering forms."""

from datetime import UTC, datetime, timedelta
from threading import Event
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.loading import LockedItem
from engine.cases.store import CaseStore
from engine.core.consequences import NotACandidateError
from engine.core.policy import Viewer
from engine.course.actions.steer import (
    add_person,
    add_step,
    cancel_step,
    identify_person,
    record_fact,
    record_interval,
    start_run,
)
from engine.deadlines.actions.limits import pause_deadline
from engine.errors import (
    AlreadyEndedError,
    ConflictError,
    IcmcError,
    InvalidAnswersError,
    NotAllowedError,
    NotFoundError,
)
from engine.overview.views.case import case_page
from engine.work.actions.answers import reveal_answers, reveal_person
from engine.work.actions.items import claim_work_item, delegate_work_item, release_work_item, save_draft
from engine.work.views.form import item_form
from engine.work.views.worklist import worklist
from tests.kit.trial import CANARY
from tests.kit.world import LOOKED, START, World
from tests.work.test_complete_work_item import at_once

WAITING = (
    "SELECT FROM pg_locks JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND a.datname = current_database()"
)
_PLACE, _SHOWN_BY = "From Moira to Tezpur", "Logbook 81"


def test_of_two_who_claim_at_once_exactly_one_has_the_item(world: World) -> None:
    item = world.item(world.at_look().case_id, "look")

    def claims(viewer: Viewer) -> Any:
        return lambda: world.act(claim_work_item, item.id, by=viewer)

    got = at_once(claims(world.who("caseworker")), claims(world.who("case_manager")))
    assert [type(one) for one in got if one is not None] == [ConflictError]
    assert world.load(item.id).revision == item.revision + 1


def test_a_claim_and_a_completion_at_once_leave_no_item_both_done_and_open(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    at_once(
        lambda: world.act(claim_work_item, item.id, by="case_manager"),
        lambda: world.complete(item, by="caseworker", answers=LOOKED),
    )
    ended = world.state(opened.case_id).steps[item.step_id].status.value == "ended"
    assert (world.load(item.id).status.value == "completed") is ended


def test_claiming_needs_the_role_and_the_unit(world: World) -> None:
    item = world.item(world.at_look().case_id, "look")
    world.refuses(NotACandidateError, claim_work_item, item.id, by="lawyer")
    world.refuses(NotFoundError, claim_work_item, item.id, by=world.other("caseworker"))


def test_only_who_has_an_item_or_a_supervisor_gives_it_back(world: World) -> None:
    item = world.item(world.at_look().case_id, "look")
    world.act(claim_work_item, item.id, by="caseworker")
    world.refuses(NotAllowedError, release_work_item, item.id, by="lawyer")
    world.act(release_work_item, item.id, by="supervisor")
    assert world.load(item.id).assignee_id is None


def test_an_item_is_delegated_to_somebody_of_the_unit_who_may_do_it(world: World) -> None:
    item = world.item(world.at_look().case_id, "look")
    boss = world.who("supervisor")
    world.act(delegate_work_item, item.id, to=world.who("case_manager").actor_id, by=boss)
    assert world.load(item.id).assignee_id == world.who("case_manager").actor_id
    world.refuses(NotACandidateError, delegate_work_item, item.id, to=world.who("lawyer").actor_id, by=boss)


def test_an_item_is_not_delegated_to_another_unit_or_to_somebody_disabled(world: World) -> None:
    item = world.item(world.at_look().case_id, "look")
    boss = world.who("supervisor")
    world.change_actor(world.who("case_manager"), disabled=True)
    for nobody in (world.other("caseworker"), world.who("case_manager")):
        world.refuses(NotFoundError, delegate_work_item, item.id, to=nobody.actor_id, by=boss)
    assert world.load(item.id) == item


def test_two_who_delegate_at_once_leave_the_item_with_one_of_theirs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = world.item(world.at_look().case_id, "look")
    lock_item, have_read = CaseStore.lock_item, list[LockedItem]()

    def read_before_either_writes(store: CaseStore, item_id: UUID, command_id: UUID) -> LockedItem:
        mine, give_up_at = lock_item(store, item_id, command_id), monotonic() + 20
        have_read.append(mine)
        while len(have_read) == 1 and not world.rows(WAITING):
            assert monotonic() < give_up_at, "the other neither reads nor waits for the lock"
            Event().wait(0.01)
        return mine

    monkeypatch.setattr(CaseStore, "lock_item", read_before_either_writes)
    boss = world.who("supervisor")
    to = [world.who("caseworker").actor_id, world.who("case_manager").actor_id]
    at_once(
        lambda: world.act(delegate_work_item, item.id, to=to[0], by=boss),
        lambda: world.act(delegate_work_item, item.id, to=to[1], by=boss),
    )
    after = world.load(item.id)
    assert after.assignee_id in to
    assert after.revision == item.revision + 2


def test_what_was_typed_survives_and_is_readable_in_no_column(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    worker = world.who("caseworker")
    save_draft(world.engine, item.id, viewer=worker, answers={"words": CANARY})
    form = world.engine.ask(item_form, worker, item.id)
    assert next(field.value for field in form.fields if field.name == "words") == CANARY
    assert CANARY not in world.dump()


def test_a_draft_is_gone_once_its_form_was_sent(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    save_draft(world.engine, item.id, viewer=world.who("caseworker"), answers={"words": CANARY})
    world.complete(item, by="caseworker", answers=LOOKED)
    assert world.rows("SELECT 1 FROM draft WHERE item_id = :item", item=item.id) == []
    world.refuses(AlreadyEndedError, save_draft, item.id, by="caseworker", answers={"words": CANARY})


def test_nobody_writes_over_the_draft_of_who_has_the_item(world: World) -> None:
    item = world.item(world.at_look().case_id, "look")
    world.act(claim_work_item, item.id, by="caseworker")
    save_draft(world.engine, item.id, viewer=world.who("caseworker"), answers={"words": "mine"})
    world.refuses(ConflictError, save_draft, item.id, by="case_manager", answers={"words": "yours"})


def test_revealing_is_written_into_the_history_before_anything_is_shown(world: World) -> None:
    opened = world.at_talk()
    step = next(step for step in world.state(opened.case_id).steps.values() if step.key == "look")
    worker = world.who("caseworker")
    shown = reveal_answers(world.engine, step.id, case_id=opened.case_id, viewer=worker)
    assert any(CANARY in str(answer) for answer in shown)
    rows = world.rows("SELECT actor_id, body FROM event WHERE type = 'AnswersRevealed'")
    assert [(row.actor_id, row.body) for row in rows] == [(worker.actor_id, {"step_id": str(step.id)})]


def test_what_belongs_to_another_case_is_not_revealed_under_the_name_of_this_one(world: World) -> None:
    mine, other = world.at_talk(), world.at_talk()
    step = next(step for step in world.state(other.case_id).steps.values() if step.key == "look")
    person = world.state(other.case_id).persons[0].person_id
    worker = world.who("caseworker")
    world.refuses(NotFoundError, reveal_answers, step.id, case_id=mine.case_id, by=worker)
    world.refuses(NotFoundError, reveal_person, person, case_id=mine.case_id, by=worker)
    assert world.rows("SELECT 1 FROM event WHERE type LIKE '%Revealed'") == []


def test_only_those_who_care_for_people_reveal(world: World) -> None:
    opened = world.at_talk()
    step = next(step for step in world.state(opened.case_id).steps.values() if step.key == "look")
    for viewer, error in ((world.who("press_officer"), NotAllowedError), (world.other("caseworker"), NotFoundError)):
        world.refuses(error, reveal_answers, step.id, case_id=opened.case_id, by=viewer)


def test_a_fact_that_no_workflow_declares_is_not_recorded(world: World) -> None:
    opened = world.open()
    for name, value, error in (
        ("was_seen", True, None),
        ("mood", "calm", None),
        ("mood", "angry", InvalidAnswersError),
        ("was_seen", "yes", InvalidAnswersError),
        ("stranger", True, NotFoundError),
    ):
        if error is None:
            _record(world, opened.case_id, name, value)
            continue
        with pytest.raises(error):
            _record(world, opened.case_id, name, value)
    assert dict(world.state(opened.case_id).facts) == {"was_seen": True, "mood": "calm"}


def test_a_case_of_another_unit_says_nothing_about_its_facts_or_runs(world: World) -> None:
    opened = world.open()
    stranger = world.other("case_manager")
    said = set()
    for call in (
        lambda: _record(world, opened.case_id, "stranger", value=True, viewer=stranger),
        lambda: _record(world, opened.case_id, "mood", "angry", viewer=stranger),
        lambda: _record(world, uuid4(), "mood", "calm", viewer=stranger),
        lambda: world.act(start_run, opened.case_id, by=stranger, workflow="nowhere"),
        lambda: world.act(start_run, uuid4(), by=stranger, workflow="nowhere"),
    ):
        with pytest.raises(NotFoundError) as refused:
            call()
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_journey_that_is_recorded_moves_the_deadline_once(world: World) -> None:
    opened = world.at_look()
    world.later(hours=4)
    item, before = world.item(opened.case_id, "look"), world.deadline(opened.case_id, "look").due_at
    command_id = uuid4()
    for _ in range(2):
        _journey(world, opened.case_id, item.step_id, 1, 3, command_id=command_id)
    _journey(world, opened.case_id, item.step_id, 1, 3)
    assert world.deadline(opened.case_id, "look").due_at == before + timedelta(hours=2)


def test_where_a_journey_led_is_sealed_and_told_nowhere_else(world: World) -> None:
    opened = world.at_look()
    world.later(hours=4)
    _journey(world, opened.case_id, world.item(opened.case_id, "look").step_id, 1, 3)
    kept = world.rows("SELECT has_place, encrypted_place, CAST(i AS text) AS words FROM interval i")
    told = [*kept, *world.rows("SELECT CAST(body AS text) AS words FROM event")]
    assert [(row.has_place, bool(row.encrypted_place)) for row in kept] == [(True, True)]
    assert not [row for row in told if _PLACE in row.words or _SHOWN_BY in row.words]


def test_a_pause_survives_the_database_and_the_end_of_its_deadline(world: World) -> None:
    opened = world.at_look()
    deadline = world.deadline(opened.case_id, "look")
    until = deadline.started_at + timedelta(hours=3)
    world.act(pause_deadline, deadline.id, case_id=opened.case_id, by="case_manager", until=until, reason_code="unsafe")
    kept = world.deadline(opened.case_id, "look")
    assert [pause.until for pause in kept.pauses] == [until]
    assert kept.due_at > deadline.due_at
    world.act(add_step, opened.case_id, by="case_manager", uses="trial.talk")
    world.act(cancel_step, deadline.step_id, case_id=opened.case_id, by="case_manager", reason_code="not_needed")
    assert world.state(opened.case_id).past[deadline.id].pauses == kept.pauses


def test_a_journey_has_an_end_after_its_start_and_lies_in_the_past(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    world.later(hours=4)
    for begins, ends in ((3, 1), (3, 9), (8, None)):
        with pytest.raises(InvalidAnswersError):
            _journey(world, opened.case_id, item.step_id, begins, ends)


def test_a_step_is_not_added_with_a_limit_that_cannot_be_read(world: World) -> None:
    opened = world.open()
    for more in ({"limit": "soon"}, {"law": "NO-SUCH-LAW"}):
        world.refuses(IcmcError, add_step, opened.case_id, by="case_manager", uses="trial.talk", **more)
    assert len(world.state(opened.case_id).steps) == 1


def test_a_typed_title_is_sealed_and_shown_on_the_page_and_the_form_only(world: World) -> None:
    case_id, words, viewer = world.at_look().case_id, f"Bring {CANARY} home", world.who("case_manager")
    step_id = world.act(add_step, case_id, by=viewer, uses="trial.talk", title=words)
    [row] = world.rows("SELECT added ->> 'title' AS title FROM step WHERE id = :id", id=step_id)
    assert row.title == "Talk"
    assert CANARY not in world.dump()
    [step] = [one for one in world.engine.ask(case_page, viewer, case_id).steps if one.id == step_id]
    assert (step.title, step.called) == ("Talk", words)
    worker = world.who("caseworker")
    [item] = [item for item in world.engine.ask(worklist, worker) if item.step_id == step_id]
    assert item.title == "Talk"
    assert world.engine.ask(item_form, worker, item.id).help == words


def test_another_workflow_begins_beside_the_one_that_runs(world: World) -> None:
    opened = world.open()
    world.act(start_run, opened.case_id, by="case_manager", workflow="fragile")
    assert sorted(run.workflow for run in world.state(opened.case_id).runs.values()) == ["fragile", "visit"]


def test_who_a_person_is_is_sealed_and_only_a_person_of_the_case_can_be_named(world: World) -> None:
    opened, other = world.open(), world.open()
    worker = world.who("caseworker")
    person = world.state(opened.case_id).persons[0].person_id
    world.act(identify_person, person, case_id=opened.case_id, by=worker, identity={"name": CANARY})
    assert reveal_person(world.engine, person, case_id=opened.case_id, viewer=worker).name == CANARY
    assert CANARY not in world.dump()
    world.refuses(NotFoundError, identify_person, person, case_id=other.case_id, by=worker, identity={"name": "x"})


def test_a_person_is_added_once_by_one_command(world: World) -> None:
    opened, command_id = world.open(), uuid4()
    added = {
        add_person(
            world.engine, opened.case_id, viewer=world.who("caseworker"), command_id=command_id, role="witness",
            identity={"name": CANARY},
        )
        for _ in range(2)
    }  # fmt: skip
    assert len(added) == 1
    assert len(world.state(opened.case_id).persons) == 2


def _record(world: World, case_id: Any, name: str, value: Any, *, viewer: Viewer | None = None) -> None:
    viewer = viewer or world.who("case_manager")
    world.act(record_fact, case_id, by=viewer, name=name, value=value)


def _journey(
    world: World, case_id: Any, step_id: Any, begins: int, ends: int | None, *, command_id: Any = None
) -> None:
    record_interval(
        world.engine, step_id, case_id=case_id, viewer=world.who("caseworker"), command_id=command_id or uuid4(),
        name="journey", start=_at(begins), end=None if ends is None else _at(ends), place=_PLACE, evidence=_SHOWN_BY,
    )  # fmt: skip


def _at(hours: int) -> datetime:
    return (START + timedelta(hours=hours)).astimezone(UTC)
