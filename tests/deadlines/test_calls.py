"""Who is to be rung about what is late: beside the work and never among it, once each, and over when it is."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import recuse
from engine.cases.actions.deciding import read_reasons
from engine.core.access import RecusalReason
from engine.core.policy import Viewer
from engine.core.records import Deadline
from engine.deadlines.actions.acknowledge import acknowledge, note_call
from engine.deadlines.actions.clock import audit_escalations
from engine.deadlines.views.lists import late_calls
from engine.definitions.actions.publish import publish_shipped
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.work.actions.items import claim_work_item
from engine.work.views.worklist import work_counts, worklist
from tests.kit.trial import CANARY
from tests.kit.world import INTAKE, LOOKED, World

WORKFLOW = """
workflow: evening
version: 1
title: An evening
facts:
  was_seen: {type: bool, default: false}
steps:
  intake:
    uses: reporting.intake
    time: {from: start, limit: PT1H}
  look:
    uses: trial.look
    after: [intake]
    time: {limit: PT2H, ladder: night}
"""
LADDER = """
ladder: night
version: 1
title: Night
overrides_quiet_hours: true
levels:
  - {level: 1, after: PT0M, to: assignee, channels: [in_app]}
  - level: 2
    after: PT30M
    to: supervisor
    channels: [in_app, call]
    needs_acknowledgement: true
    acknowledge_within: PT30M
    repeat: {every: PT30M, times: 2}
  - {level: 3, after: PT2H, to: {role: supervisor}, channels: [in_app, call], needs_acknowledgement: true}
  - {level: 4, after: PT4H, to: {role: nodal_officer}, channels: [in_app, call], last_resort: true}
"""
LATE = 5


@pytest.fixture
def night(world: World) -> World:
    publish_shipped(world.engine, {"evening.yaml": WORKFLOW, "night.yaml": LADDER})
    return world


def test_after_an_evening_of_late_work_the_worklist_holds_the_work_alone_and_one_strip_for_each_late_item(
    night: World,
) -> None:
    """Five items late, three levels that ask to ring, one of them in three rounds: 15 of 20 rows were calls before."""
    cases = [_open(night) for _ in range(LATE)]
    _let_pass(night, hours=7)
    fired = night.rows("SELECT 1 FROM escalation WHERE 'call' = ANY(channels)")
    assert len(fired) == LATE * 5, "each level and each round is in the ledger as one that asked to ring"
    viewer = night.who("case_manager")
    rows = night.engine.ask(worklist, viewer, limit=200)
    assert [row.step_key for row in rows] == ["look"] * LATE
    counts = night.engine.ask(work_counts, viewer, zone="UTC")
    assert (counts.overdue, counts.mine, counts.free) == (LATE, 0, LATE)
    strips = night.engine.ask(late_calls, viewer)
    assert sorted(strip.case_id for strip in strips) == sorted(cases)
    for strip in strips:
        assert [call.whom for call in strip.to_ring] == ["Supervisor IN", "Nodal officer IN"]
        assert [len(call.askings) for call in strip.to_ring] == [4, 1]
        assert strip.is_asked
    assert not audit_escalations(night.engine)


def test_a_strip_says_what_it_is_about_and_is_shown_to_those_who_see_the_case(night: World) -> None:
    case_id = _late(night)
    number = night.state(case_id).case.number
    for role in ("case_manager", "caseworker"):
        [strip] = night.engine.ask(late_calls, night.who(role))
        assert (strip.case_number, strip.deadline.step_title, strip.is_asked) == (number, "Look", True)
        assert strip.deadline.state == "overdue"
        assert strip.item_id == night.item(case_id, "look").id
        [call] = strip.calls
        assert (call.whom, call.meant) == ("Supervisor IN", "the supervisor")
    [lawyers] = night.engine.ask(late_calls, night.who("lawyer"))
    assert not lawyers.is_asked, "it is told beside the item, and asked of those who ring"
    assert night.engine.ask(late_calls, night.who("supervisor")) == (), "nobody rings themselves"
    assert night.engine.ask(late_calls, night.other("case_manager")) == ()
    assert night.engine.ask(late_calls, night.who("system_administrator")) == ()


def test_a_case_seen_through_nothing_but_a_denial_shows_no_strip(night: World) -> None:
    case_id = _late(night)
    night.act(
        recuse, case_id, by="safeguarding_lead", actor_id=night.who("case_manager").actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="own_conduct",
    )  # fmt: skip
    assert night.engine.ask(late_calls, night.who("case_manager")) == ()
    assert night.engine.ask(late_calls, night.who("caseworker"))


def test_ringing_is_written_down_with_what_was_said_sealed_and_asks_no_more_of_who_was_reached(night: World) -> None:
    case_id = _late(night)
    at = night.clock.now() - timedelta(minutes=3)
    _ring(night, case_id, outcome="not_reached", called_at=at)
    [strip] = night.engine.ask(late_calls, night.who("case_manager"))
    [rung] = strip.calls[0].ringings
    assert (rung.at, rung.by, rung.outcome, rung.has_words) == (at, "Caseworker IN", "not_reached", False)
    _ring(night, case_id, outcome="reached", words=f"{CANARY} is on the way.")
    assert night.engine.ask(late_calls, night.who("case_manager")) == ()
    call = _calls(night, case_id)[0]
    assert ([one.outcome for one in call.ringings], call.ended) == (["not_reached", "reached"], "reached")
    assert CANARY not in night.dump()
    words = read_reasons(night.engine, case_id, viewer=night.who("case_manager"))
    assert list(words.values()) == [f"{CANARY} is on the way."]
    _let_pass(night, minutes=31)
    assert _calls(night, case_id)[0].ended is None, "the next round asks again, on the same strip"
    askings = [(one.level, one.round) for one in _calls(night, case_id)[0].askings]
    assert askings == [(2, 1), (2, 2), (3, 1)], (
        "nobody has acknowledged: the level above came early, to the same person"
    )
    assert _types(night, case_id) == ["CallAsked", "CallMade", "CallMade", "CallEnded", "CallAsked", "CallAsked"]


def test_who_is_reached_and_sees_to_it_has_acknowledged_and_is_told_of_it(night: World) -> None:
    case_id = _late(night)
    supervisor = night.who("supervisor").actor_id
    _ring(night, case_id, outcome="acknowledged")
    deadline = night.deadline(case_id, "look")
    assert deadline.acknowledged_at == night.clock.now()
    seen = night.rows("SELECT acknowledged_by FROM escalation WHERE level = 2")
    assert [row.acknowledged_by for row in seen] == [supervisor]
    told = night.rows("SELECT recipient_id, subject, body FROM message WHERE kind = 'rung'")
    assert {row.recipient_id for row in told} == {supervisor}
    assert not any(CANARY in row.subject + row.body for row in told)
    assert deadline.calls[0].ended == "acknowledged"
    _let_pass(night, minutes=45)
    assert [row.round for row in night.rows("SELECT round FROM escalation WHERE level = 2")] == [1], "no more rounds"
    assert night.engine.ask(late_calls, night.who("case_manager")) == ()


@pytest.mark.parametrize("way", ["acknowledge", "complete", "claim", "conflict", "denial"])
def test_the_strip_is_gone_in_the_same_moment_in_which_there_is_nothing_to_ring_about(night: World, way: str) -> None:
    case_id = _late(night)
    deadline, supervisor = night.deadline(case_id, "look"), night.who("supervisor")
    looked = {name: value for name, value in LOOKED.items() if name != "colour"}
    lead: dict[str, Any] = {"viewer": night.who("safeguarding_lead"), "command_id": uuid4()}
    match way:
        case "acknowledge":
            night.act(acknowledge, deadline.id, case_id=case_id, by=supervisor)
        case "complete":
            night.complete(night.item(case_id, "look"), by="caseworker", answers=looked)
        case "claim":
            night.rows("UPDATE work_item SET candidate_roles = '{supervisor}' WHERE step_key = 'look'")
            night.act(claim_work_item, night.item(case_id, "look").id, by=supervisor)
        case "conflict":
            recuse(
                night.engine, case_id, **lead, actor_id=supervisor.actor_id,
                reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="own_conduct"
            )  # fmt: skip
        case "denial":
            recuse(
                night.engine, case_id, **lead, actor_id=supervisor.actor_id, reason=RecusalReason.DENIED,
                reason_code="own_conduct",
            )  # fmt: skip
    assert night.engine.ask(late_calls, night.who("case_manager")) == ()
    ended = {"acknowledge": "acknowledged", "complete": "over", "claim": "has_it"}
    assert [call.ended for call in _calls(night, case_id)] == [ended.get(way, "barred")]
    assert _types(night, case_id)[-1] == "CallEnded"


def test_the_ledger_says_of_each_level_whom_it_asked_to_ring_and_what_came_of_it(night: World) -> None:
    case_id = _late(night)
    _let_pass(night, minutes=31)
    _ring(night, case_id, outcome="left_message")
    lines = night.engine.ask(case_page, night.who("supervisor"), case_id).escalations
    told = [
        (line.level, line.round, one.recipient, one.state)
        for line in lines for one in line.deliveries if one.channel == "call"
    ]  # fmt: skip
    assert told == [(*line, "Supervisor IN", "left_message") for line in ((2, 1), (2, 2), (3, 1))]
    assert all("call" in line.channels for line in lines if line.level == 2)


@pytest.mark.parametrize(("changes", "field"), [
    ({"call_id": None}, "call"),
    ({"call_id": uuid4()}, "call"),
    ({"outcome": "shouted"}, "outcome"),
    ({"called_at": None}, "called_at"),
    ({"minutes": 5}, "called_at"),
    ({"minutes": -60 * 24 * 30}, "called_at"),
    ({"words": "x" * 2001}, "words"),
])  # fmt: skip
def test_what_does_not_fit_is_said_and_nothing_is_written(night: World, changes: Mapping[str, Any], field: str) -> None:
    case_id = _late(night)
    before = _types(night, case_id)
    given = dict(changes)
    if "minutes" in given:
        given["called_at"] = night.clock.now() + timedelta(minutes=given.pop("minutes"))
    with pytest.raises(InvalidAnswersError) as refused:
        _ring(night, case_id, **given)
    assert list(refused.value.problems) == [field]
    assert _types(night, case_id) == before


def test_who_does_not_see_the_case_or_may_not_work_on_it_writes_no_call_down(night: World) -> None:
    case_id = _late(night)
    with pytest.raises(NotFoundError):
        _ring(night, case_id, viewer=night.other("caseworker"))
    with pytest.raises(NotAllowedError):
        _ring(night, case_id, viewer=night.who("auditor"))


def test_a_call_that_is_sent_twice_or_was_made_while_somebody_acknowledged_is_kept_once(night: World) -> None:
    case_id = _late(night)
    command = uuid4()
    deadline = night.deadline(case_id, "look")
    night.act(acknowledge, deadline.id, case_id=case_id, by="supervisor")
    for _ in range(2):
        _ring(night, case_id, outcome="not_reached", command_id=command)
    assert [one.outcome for one in _calls(night, case_id)[0].ringings] == ["not_reached"]
    assert _calls(night, case_id)[0].ended == "acknowledged"


def test_the_history_tells_of_calls_in_words_that_name_nobody(night: World) -> None:
    case_id = _late(night)
    _ring(night, case_id, outcome="acknowledged", words=f"{CANARY} knows.")
    lines = [line.text for line in night.engine.ask(case_history, night.who("supervisor"), case_id)]
    assert "Escalation level 2 asked for someone to be rung about “Look”." in lines
    assert "Someone was rung about “Look”: they were reached, and are dealing with it." in lines
    assert any(line.startswith("Someone no longer needs to be rung about “Look”: ") for line in lines)
    assert CANARY not in "".join(lines)


def _open(world: World) -> UUID:
    case_id = world.open(workflow="evening").case_id
    world.complete(world.item(case_id, "intake"), by="intake_officer", answers=INTAKE)
    return case_id


def _late(world: World) -> UUID:
    """Open a case of which the look is late, and the first level has asked to ring the supervisor, once."""
    case_id = _open(world)
    _let_pass(world, hours=2, minutes=31)
    return case_id


def _let_pass(world: World, **by: float) -> None:
    """Let time pass as it would live: what falls due is done minute by minute."""
    end = world.clock.now() + timedelta(**by)
    while world.clock.now() < end:
        world.clock.move_to(min(world.clock.now() + timedelta(minutes=10), end))
        world.fire()


def _ring(world: World, case_id: UUID, *, viewer: Viewer | None = None, **given: Any) -> None:
    deadline = next(one for one in _deadlines(world, case_id) if one.calls)
    wanted = {
        "call_id": deadline.calls[0].id, "outcome": "reached", "called_at": world.clock.now(), "command_id": uuid4(),
    } | given  # fmt: skip
    note_call(world.engine, deadline.step_id, case_id=case_id, viewer=viewer or world.who("caseworker"), **wanted)


def _deadlines(world: World, case_id: UUID) -> list[Deadline]:
    state = world.state(case_id)
    return [*state.deadlines.values(), *state.past.values()]


def _calls(world: World, case_id: UUID) -> list[Any]:
    return [call for deadline in _deadlines(world, case_id) for call in deadline.calls]


def _types(world: World, case_id: UUID) -> list[str]:
    rows = world.rows("SELECT type FROM event WHERE case_id = :case ORDER BY seq", case=case_id)
    return [row.type for row in rows if row.type.startswith("Call")]
