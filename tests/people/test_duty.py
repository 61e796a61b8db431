"""Who is on call, who is away and who must not be told: planned by those who may, once, and in words when refused."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import end_recusal, recuse
from engine.access.store import AccessStore
from engine.core.access import RecusalReason
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.people.actions.duty import cancel_shift, end_absence, hand_over, note_absence, plan_shift
from engine.people.actions.leaving import pass_on_all
from engine.people.actions.manage import set_disabled
from engine.people.store import DirectoryStore, DutyStore
from engine.work.actions.items import claim_work_item
from tests.kit.world import START, World
from tests.work.test_complete_work_item import at_once

pytestmark = pytest.mark.long

DAY = timedelta(days=1)


def test_a_shift_is_planned_once_however_often_the_command_comes(world: World) -> None:
    command = uuid4()
    first = _shift(world, command_id=command)
    assert _shift(world, command_id=command) == first
    assert len(world.rows("SELECT 1 FROM shift")) == 1
    assert _on_call(world) == {"lawyer"}


@pytest.mark.parametrize(("changes", "field"), [
    ({"ends_at": START}, "ends_at"),
    ({"starts_at": START - DAY}, "starts_at"),
    ({"starts_at": START - 2 * DAY, "ends_at": START - DAY}, "ends_at"),
    ({"ends_at": START + timedelta(days=32)}, "ends_at"),
    ({"starts_at": START.replace(tzinfo=None)}, "starts_at"),
    ({"actor_id": uuid4()}, "actor_id"),
])  # fmt: skip
def test_a_shift_with_times_or_a_person_that_cannot_be_is_refused_at_the_field(
    world: World, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidAnswersError) as caught:
        _shift(world, **changes)
    assert set(caught.value.problems) == {field}
    assert caught.value.problems[field].endswith(".")
    assert world.rows("SELECT 1 FROM shift") == []


def test_two_shifts_of_a_unit_never_overlap_even_when_planned_at_once(world: World) -> None:
    at_once(lambda: _shift(world), lambda: _shift(world, actor_id=world.who("counsellor").actor_id))
    assert len(world.rows("SELECT 1 FROM shift")) == 1
    _shift(world, starts_at=START + DAY, ends_at=START + 2 * DAY)
    with pytest.raises(InvalidAnswersError) as caught:
        _shift(world, starts_at=START + DAY / 2, ends_at=START + DAY)
    assert caught.value.problems == {"starts_at": "Someone is already on call at that time."}


def test_only_who_leads_the_unit_plans_and_another_units_lead_hears_of_no_such_unit(world: World) -> None:
    with pytest.raises(NotAllowedError):
        _shift(world, viewer=world.who("caseworker"))
    with pytest.raises(NotFoundError):
        _shift(world, viewer=world.other("supervisor"))


def test_handing_over_ends_one_shift_begins_the_next_and_tells_both(world: World) -> None:
    _shift(world)
    world.later(hours=3)
    world.act(hand_over, by="lawyer", unit_id=world.unit, to=world.who("counsellor").actor_id)
    rows = world.rows("SELECT starts_at, ends_at, taken_from FROM shift ORDER BY starts_at")
    now = world.clock.now()
    assert [(row.starts_at, row.ends_at, row.taken_from) for row in rows] == [
        (START, now, None), (now, START + DAY, world.who("lawyer").actor_id),
    ]  # fmt: skip
    assert _on_call(world) == {"counsellor"}
    told = world.rows(
        "SELECT kind, recipient_id FROM message m JOIN delivery d ON d.message_id = m.id WHERE d.channel = 'in_app'"
    )
    assert {(row.kind, row.recipient_id) for row in told} == {
        ("handed_over", world.who("counsellor").actor_id), ("relieved", world.who("lawyer").actor_id),
    }  # fmt: skip


def test_only_who_is_on_call_or_plans_hands_over_and_not_to_themselves(world: World) -> None:
    _shift(world)
    counsellor, lawyer = world.who("counsellor"), world.who("lawyer")
    world.refuses(NotAllowedError, hand_over, by=counsellor, unit_id=world.unit, to=counsellor.actor_id)
    world.refuses(InvalidAnswersError, hand_over, by=lawyer, unit_id=world.unit, to=lawyer.actor_id)
    world.later(days=2)
    world.refuses(NotFoundError, hand_over, by="supervisor", unit_id=world.unit, to=lawyer.actor_id)


def test_a_shift_that_is_called_off_is_over_and_one_that_is_over_stays(world: World) -> None:
    boss = world.who("supervisor")
    running, later = _shift(world), _shift(world, starts_at=START + DAY, ends_at=START + 2 * DAY)
    world.later(hours=1)
    for shift in (running, later):
        world.act(cancel_shift, shift, by=boss)
    assert _on_call(world) == set()
    assert world.rows("SELECT ends_at FROM shift WHERE id = :id", id=running)[0].ends_at == world.clock.now()
    world.later(hours=1)
    world.refuses(AlreadyEndedError, cancel_shift, running, by=boss)
    world.refuses(NotFoundError, cancel_shift, later, by=boss)


def test_who_goes_away_leaves_their_items_to_the_deputy_who_is_told(world: World) -> None:
    item = _claimed(world)
    _absence(world, deputy_id=world.who("case_manager").actor_id)
    assert world.load(item).assignee_id == world.who("case_manager").actor_id
    assert _told(world, "reassigned") == {"case_manager"}


def test_an_item_that_the_deputy_may_not_do_goes_back_to_all_and_the_supervisor_is_told(world: World) -> None:
    item = _claimed(world)
    _absence(world, deputy_id=world.who("press_officer").actor_id)
    assert (world.load(item).assignee_id, world.load(item).status.value) == (None, "ready")
    assert _told(world, "reassigned") == {"supervisor"}


def test_an_absence_that_begins_later_moves_the_items_when_it_begins(world: World) -> None:
    item = _claimed(world)
    _absence(world, starts_at=START + timedelta(hours=2))
    assert pass_on_all(world.engine) == 0
    world.later(hours=2)
    assert pass_on_all(world.engine) == 1
    assert pass_on_all(world.engine) == 0
    assert world.load(item).assignee_id is None


def test_one_item_that_cannot_be_passed_on_does_not_hold_up_the_others(world: World) -> None:
    items = [_claimed(world) for _ in range(3)]
    cases = [world.load(item).case_id for item in items]
    world.rows("UPDATE run SET status = 'nonsense' WHERE case_id = :case", case=cases[1])
    _absence(world)
    left = world.rows("SELECT id FROM work_item WHERE assignee_id = :id", id=world.who("caseworker").actor_id)
    assert [row.id for row in left if row.id in items] == [items[1]]


def test_who_is_disabled_leaves_their_items_to_the_others(world: World) -> None:
    item = _claimed(world)
    actor = world.of(DirectoryStore).actor(world.who("caseworker").actor_id)
    admin = world.who("system_administrator").model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})
    set_disabled(world.engine, viewer=admin, email=actor.email, disabled=True)
    assert world.load(item).assignee_id is None
    assert _told(world, "reassigned") == {"supervisor"}


@pytest.mark.parametrize(("changes", "field"), [
    ({"ends_at": START}, "ends_at"),
    ({"starts_at": START - 3 * DAY, "ends_at": START - DAY}, "ends_at"),
    ({"deputy_id": "caseworker"}, "deputy_id"),
    ({"deputy_id": "nobody"}, "deputy_id"),
    ({"deputy_id": "other counsellor"}, "deputy_id"),
])  # fmt: skip
def test_an_absence_that_cannot_be_is_refused_at_the_field(world: World, changes: dict[str, Any], field: str) -> None:
    named = {"caseworker": world.who("caseworker"), "other counsellor": world.other("counsellor")}
    if isinstance(changes.get("deputy_id"), str):
        known = named.get(changes["deputy_id"])
        changes = {"deputy_id": known.actor_id if known else uuid4()}
    with pytest.raises(InvalidAnswersError) as caught:
        _absence(world, **changes)
    assert set(caught.value.problems) == {field}


def test_absences_do_not_overlap_and_a_deputy_is_there(world: World) -> None:
    _absence(world)
    with pytest.raises(InvalidAnswersError, match="starts_at"):
        _absence(world, starts_at=START + DAY / 2, ends_at=START + 3 * DAY)
    with pytest.raises(InvalidAnswersError, match="deputy_id"):
        world.act(note_absence, by="counsellor", actor_id=world.who("counsellor").actor_id,
            starts_at=START, ends_at=START + DAY, deputy_id=world.who("caseworker").actor_id,
        )  # fmt: skip


def test_absence_is_noted_by_oneself_or_by_who_plans_and_ends_early(world: World) -> None:
    with pytest.raises(NotFoundError):
        _absence(world, viewer=world.who("counsellor"))
    with pytest.raises(NotFoundError):
        _absence(world, viewer=world.other("supervisor"))
    absence = _absence(world, viewer=world.who("supervisor"))
    world.later(hours=1)
    world.refuses(NotFoundError, end_absence, absence, by="counsellor")
    world.act(end_absence, absence, by="caseworker")
    assert not world.of(DutyStore).away((world.who("caseworker").actor_id,), at=world.clock.now())
    world.refuses(AlreadyEndedError, end_absence, absence, by="caseworker")


def test_the_history_says_that_there_is_a_conflict_and_its_end_without_name_or_reason(world: World) -> None:
    case_id = world.at_look().case_id
    boss, lead = world.who("supervisor"), world.who("safeguarding_lead")
    conflict = _conflict(world, case_id, boss.actor_id)
    assert world.act(end_recusal, case_id, conflict, by=lead) is None
    told = [one for one in world.engine.ask(case_history, lead, case_id) if one.type.startswith("Conflict")]
    assert [(one.type, one.text, one.actor) for one in told] == [
        ("ConflictNoted", "It was recorded that a colleague must not be informed about this case.", lead.name),
        ("ConflictEnded", "A colleague who was not to be informed about this case can be informed again.", lead.name),
    ]
    assert not any(one.type.startswith("Conflict") for one in world.engine.ask(case_history, boss, case_id))
    assert "own_conduct" not in str(world.rows("SELECT body FROM event WHERE case_id = :case", case=case_id))


def test_a_conflict_keeps_every_message_of_the_case_away(world: World) -> None:
    case_id = world.at_look().case_id
    worker = world.who("caseworker").actor_id
    conflict = _conflict(world, case_id, worker)
    world.do_jobs()
    world.later(hours=30)
    world.fire()
    world.do_jobs()
    assert (
        world.rows("SELECT 1 FROM message WHERE case_id = :case AND recipient_id = :id", case=case_id, id=worker) == []
    )
    assert world.rows("SELECT 1 FROM message WHERE case_id = :case", case=case_id)
    world.act(end_recusal, case_id, conflict, by="safeguarding_lead")
    assert world.of(AccessStore).recused(case_id) == frozenset()


def test_who_is_in_conflict_cannot_learn_of_it_or_end_it(world: World) -> None:
    case_id = world.at_look().case_id
    boss = world.who("supervisor")
    conflict = _conflict(world, case_id, boss.actor_id)
    world.refuses(NotFoundError, end_recusal, case_id, conflict, by=boss)
    world.refuses(
        NotAllowedError, recuse, case_id, by="caseworker", actor_id=boss.actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="own_conduct",
    )  # fmt: skip
    world.refuses(
        InvalidAnswersError, recuse, case_id, by="safeguarding_lead", actor_id=boss.actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="He hit a child.",
    )  # fmt: skip


def test_a_conflict_of_interest_is_one_persons_and_holds_once(world: World) -> None:
    case_id, boss = world.at_look().case_id, world.who("supervisor")
    first, second = (_conflict(world, case_id, boss.actor_id) for _ in range(2))
    assert [one.id for one in world.of(AccessStore).recusals_of(case_id)] == [second]
    world.refuses(NotFoundError, end_recusal, case_id, first, by="safeguarding_lead")
    with pytest.raises(InvalidAnswersError, match="actor_id"):
        world.act(recuse, case_id, by="safeguarding_lead",
            unit_id=world.other_unit, reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="relative",
        )  # fmt: skip
    world.act(end_recusal, case_id, second, by="safeguarding_lead")
    assert world.engine.ask(case_page, boss, case_id).id == case_id


def _shift(world: World, **changes: Any) -> UUID:
    wanted: dict[str, Any] = {
        "viewer": world.who("supervisor"), "command_id": uuid4(), "unit_id": world.unit,
        "actor_id": world.who("lawyer").actor_id, "starts_at": START, "ends_at": START + DAY,
    }  # fmt: skip
    return plan_shift(world.engine, **(wanted | changes))


def _absence(world: World, **changes: Any) -> UUID:
    worker = world.who("caseworker")
    wanted: dict[str, Any] = {
        "viewer": worker, "command_id": uuid4(), "actor_id": worker.actor_id, "starts_at": world.clock.now(),
        "ends_at": START + 2 * DAY,
    }  # fmt: skip
    return note_absence(world.engine, **(wanted | changes))


def _conflict(world: World, case_id: UUID, actor_id: UUID) -> UUID:
    return world.act(recuse, case_id, by="safeguarding_lead", actor_id=actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="own_conduct",
    )  # fmt: skip


def _claimed(world: World) -> UUID:
    item = world.item(world.at_look().case_id, "look")
    world.act(claim_work_item, item.id, by="caseworker")
    return item.id


def _on_call(world: World, at: datetime | None = None) -> set[str]:
    shifts = world.of(DutyStore).on_call(world.unit, at=at or world.clock.now())
    names = {viewer.actor_id: role for role, viewer in world.staff.people.items()}
    return {names[shift.actor_id] for shift in shifts}


def _told(world: World, kind: str) -> set[str]:
    names = {viewer.actor_id: role for role, viewer in world.staff.people.items()}
    rows = world.rows("SELECT DISTINCT recipient_id FROM message WHERE kind = :kind", kind=kind)
    return {names[row.recipient_id] for row in rows}
