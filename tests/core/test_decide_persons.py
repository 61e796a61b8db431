"""Steps done for each person: correlated chains, joins, people who come and go."""

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.draft import Draft
from engine.core.records import CasePerson, PersonRole, RoleStatus
from engine.errors import NotFoundError
from tests.core.small_world import ASHA, BINA, CHITRA, LIBRARY, RUN, World, hours, person, workflow

EACH = {"for_each": "case.victims"}
CHAIN = {
    "find": {},
    "produce": {"after": "find", **EACH},
    "report": {"after": "produce", **EACH},
    "decide": {"after": "report"},
}


def at_reports(*victims: object) -> World:
    world = World(workflow(CHAIN), victims=victims)  # type: ignore[arg-type]
    world.end("find")
    return world


def test_a_step_for_each_person_opens_a_path_for_each() -> None:
    world = at_reports(ASHA, BINA)
    assert (world.status("produce", person(ASHA)), world.status("produce", person(BINA))) == ("ready", "ready")


def test_a_step_that_changes_right_after_a_person_came_hides_nobody() -> None:
    world = at_reports(ASHA)
    draft = Draft(world.state, world.definitions, LIBRARY, world.now)
    produce = draft.view(RUN).compiled.steps["produce"]
    assert draft.view(RUN).elements(produce) == (person(ASHA),)
    draft.emit(ev.PersonAdded(person=CasePerson(person_id=BINA, role=PersonRole.VICTIM, added_at=world.now)))
    draft.emit(ev.StepOpened(step=world.step("produce", person(ASHA))))
    assert draft.view(RUN).elements(produce) == (person(ASHA), person(BINA))


def test_consecutive_steps_for_each_person_go_on_person_by_person() -> None:
    world = at_reports(ASHA, BINA)
    world.end("produce", person(ASHA))
    assert (world.status("report", person(ASHA)), world.status("report", person(BINA))) == ("ready", "not reached")


def test_the_step_after_them_waits_for_everybody() -> None:
    world = at_reports(ASHA, BINA)
    for victim in (ASHA, BINA):
        assert world.status("decide") == "not reached"
        world.end("produce", person(victim))
        world.end("report", person(victim))
    assert world.status("decide") == "ready"


def test_a_person_who_is_added_later_opens_an_own_path_and_holds_the_join() -> None:
    world = at_reports(ASHA)
    world.do(cm.AddPerson(BINA, PersonRole.VICTIM))
    assert world.status("produce", person(BINA)) == "ready"
    world.end("produce", person(ASHA))
    world.end("report", person(ASHA))
    assert world.status("decide") == "not reached"
    world.end("produce", person(BINA))
    world.end("report", person(BINA))
    assert world.status("decide") == "ready"


def test_a_person_who_is_added_after_the_join_does_not_undo_it() -> None:
    world = at_reports(ASHA)
    world.end("produce", person(ASHA))
    world.end("report", person(ASHA))
    world.do(cm.AddPerson(BINA, PersonRole.VICTIM))
    assert (world.status("decide"), world.status("produce", person(BINA))) == ("ready", "ready")
    world.end("decide")
    assert world.status_of_case == "open"


def test_the_steps_of_a_person_who_is_removed_are_called_off() -> None:
    world = at_reports(ASHA, BINA)
    world.end("produce", person(ASHA))
    world.end("report", person(ASHA))
    world.do(cm.RemovePerson(BINA, PersonRole.VICTIM))
    assert (world.status("produce", person(BINA)), world.status("decide")) == ("cancelled", "ready")


def test_a_person_who_is_there_in_another_role_too_keeps_the_steps_of_that_role() -> None:
    world = World(workflow({"a": {"for_each": "case.persons"}, "b": EACH}), victims=(ASHA, BINA))
    world.do(cm.AddPerson(ASHA, PersonRole.WITNESS))
    world.do(cm.RemovePerson(ASHA, PersonRole.VICTIM))
    assert (world.status("a", person(ASHA)), world.status("b", person(ASHA))) == ("ready", "cancelled")


def test_adding_or_removing_a_person_twice_changes_nothing() -> None:
    world = at_reports(ASHA, BINA)
    assert world.do(cm.AddPerson(ASHA, PersonRole.VICTIM)) == ()
    world.do(cm.RemovePerson(BINA, PersonRole.VICTIM))
    assert world.do(cm.RemovePerson(BINA, PersonRole.VICTIM)) == ()


def test_a_person_has_one_link_in_one_role_however_often_they_come_back() -> None:
    world = at_reports(ASHA)
    world.do(cm.RemovePerson(ASHA, PersonRole.VICTIM))
    world.do(cm.AddPerson(ASHA, PersonRole.VICTIM))
    assert [(link.person_id, link.removed_at) for link in world.state.persons] == [(ASHA, None)]


def test_a_join_over_nobody_waits_until_the_step_is_reached_and_is_passed_then() -> None:
    world = World(workflow(CHAIN))
    assert world.statuses() == {"find": "ready"}
    world.end("find")
    assert world.statuses() == {"find": "ended", "decide": "ready"}


def test_a_join_over_nobody_is_dead_when_what_leads_to_it_is() -> None:
    steps = {"a": {}, "b": {"after": "a", "when": "a.flag"}, "c": {"after": "b", **EACH}, "d": {"after": "c"}}
    world = World(workflow(steps))
    world.end("a", flag=False)
    assert (world.status("d"), world.status_of_case) == ("skipped", "closed")


def test_a_condition_in_a_persons_path_sees_the_answers_for_that_person() -> None:
    steps = {"ask": EACH, "go": {"after": "ask", "when": "ask.flag", **EACH}}
    world = World(workflow(steps), victims=(ASHA, BINA))
    world.end("ask", person(ASHA), flag=True)
    world.end("ask", person(BINA), flag=False)
    assert (world.status("go", person(ASHA)), world.status("go", person(BINA))) == ("ready", "skipped")


LISTS = {"ask": EACH, "then": {}}


@pytest.mark.parametrize(("until", "answers", "status"), [
    ('ask.choice.all(c, c == "yes")', ["yes"], "held"),
    ('ask.choice.all(c, c == "yes")', ["yes", "no"], "held"),
    ('ask.choice.all(c, c == "yes")', ["yes", "yes"], "ready"),
    ('ask.choice.exists(c, c == "yes")', ["yes"], "ready"),
    ('ask.choice.exists(c, c == "yes")', ["no"], "held"),
    ('"yes" in ask.choice', ["no", "yes"], "ready"),
    ('ask.flag.all(f, f == "true")', [True, True], "ready"),
])  # fmt: skip
def test_a_list_of_answers_holds_an_unknown_one_for_whoever_has_not_answered(
    until: str, answers: list[object], status: str
) -> None:
    gates = {"all": {"holds": "then", "until": until, "reason": "Wait."}}
    world = World(workflow(LISTS, gates=gates), victims=(ASHA, BINA))
    name = "flag" if "flag" in until else "choice"
    for victim, answer in zip((ASHA, BINA), answers, strict=False):
        world.end("ask", person(victim), **{name: answer})
    assert world.status("then") == status


def test_a_list_leaves_out_whose_step_was_called_off() -> None:
    gates = {"all": {"holds": "then", "until": 'ask.choice.all(c, c == "yes")', "reason": "Wait."}}
    world = World(workflow(LISTS, gates=gates), victims=(ASHA, BINA))
    world.end("ask", person(ASHA), choice="yes")
    world.do(cm.CancelStep(world.step("ask", person(BINA)).id, "moved_away"))
    assert world.status("then") == "ready"


def test_steps_over_different_collections_are_joined_not_correlated() -> None:
    steps = {
        "find": EACH,
        "charge": {"after": "find", "for_each": "case.suspects", "when": 'find.choice.exists(c, c == "yes")'},
    }
    world = World(workflow(steps), victims=(ASHA, BINA))
    world.do(cm.AddPerson(CHITRA, PersonRole.SUSPECT))
    world.end("find", person(ASHA), choice="yes")
    assert world.status("charge", person(CHITRA)) == "not reached"
    world.end("find", person(BINA), choice="no")
    assert world.status("charge", person(CHITRA)) == "ready"


def test_a_limit_from_a_step_for_each_person_starts_with_the_last_of_them() -> None:
    steps = {"find": EACH, "tell": {"time": {"from": "find.at", "limit": "PT2H"}}}
    world = World(workflow(steps), victims=(ASHA, BINA))
    world.end("find", person(ASHA), at="2026-01-05T05:00:00Z")
    assert world.due("tell") is None
    world.end("find", person(BINA), at="2026-01-05T04:00:00Z")
    assert world.due("tell").isoformat() == "2026-01-05T07:00:00+00:00"  # type: ignore[union-attr]


def test_a_discretionary_step_for_each_person_is_called_for_one() -> None:
    world = World(workflow({"a": {}, "talk": {"discretionary": True, **EACH}}), victims=(ASHA, BINA))
    run = next(iter(world.state.runs))
    with pytest.raises(NotFoundError):
        world.do(cm.AddStep(run, "talk"))
    world.do(cm.AddStep(run, "talk", path=person(BINA)))
    assert (world.status("talk", person(ASHA)), world.status("talk", person(BINA))) == ("not reached", "ready")


def test_taking_out_a_person_who_was_never_there_changes_nothing() -> None:
    world = at_reports(ASHA)
    assert not any(isinstance(e, ev.PersonRemoved) for e in world.do(cm.RemovePerson(BINA, PersonRole.VICTIM)))


PRODUCED = {
    "find": {},
    "produce": {"after": "find", **EACH, "time": {"from": "find", "limit": "PT24H"}},
    "close": {"after": "produce"},
}


@pytest.mark.parametrize(("goes", "comes"), [
    (
        cm.ChangePersonRole(ASHA, PersonRole.VICTIM, PersonRole.WITNESS),
        cm.ChangePersonRole(ASHA, PersonRole.WITNESS, PersonRole.VICTIM),
    ),
    (
        cm.ChangePersonRole(ASHA, PersonRole.VICTIM, PersonRole.VICTIM, status=RoleStatus.DISPROVED),
        cm.AddPerson(ASHA, PersonRole.VICTIM),
    ),
    (cm.RemovePerson(ASHA, PersonRole.VICTIM), cm.AddPerson(ASHA, PersonRole.VICTIM)),
], ids=["another role and back", "disproved and added", "taken out and added"])  # fmt: skip
def test_who_is_a_victim_again_has_the_same_to_be_done_in_the_same_time(goes: cm.Command, comes: cm.Command) -> None:
    world = World(workflow(PRODUCED), victims=(ASHA, BINA))
    world.end("find")
    due = world.due("produce", person(ASHA))
    world.let(hours=1)
    world.do(goes)
    assert world.status("produce", person(ASHA)) == "cancelled"
    world.let(hours=1)
    world.do(comes)
    again = person(ASHA) + "/r:2"
    assert (world.status("produce", again), world.due("produce", again)) == ("ready", due)
    assert world.do(cm.AddPerson(ASHA, PersonRole.VICTIM)) == ()
    world.end("produce", person(BINA))
    assert world.status("close") == "not reached"
    world.end("produce", again)
    assert world.status("close") == "ready"


def test_what_a_person_called_off_stays_so_when_its_person_leaves_and_comes_back() -> None:
    world = World(workflow(PRODUCED), victims=(ASHA, BINA))
    world.end("find")
    world.do(cm.CancelStep(world.step("produce", person(ASHA)).id, "not_needed"))
    world.do(cm.RemovePerson(ASHA, PersonRole.VICTIM))
    world.do(cm.AddPerson(ASHA, PersonRole.VICTIM))
    assert world.statuses() == {
        "find": "ended", f"produce@{person(ASHA)}": "cancelled", f"produce@{person(BINA)}": "ready",
    }  # fmt: skip


def test_what_was_to_be_asked_again_later_of_who_left_is_asked_when_they_are_back() -> None:
    steps = {"find": {}, "visit": {"after": "find", **EACH, "repeat": {"every": "P1D", "times": 5}}}
    world = World(workflow(steps), victims=(ASHA,))
    world.end("find")
    world.end("visit", person(ASHA) + "/r:1")
    assert world.status("visit", person(ASHA) + "/r:2") == "scheduled"
    change = cm.ChangePersonRole(ASHA, PersonRole.VICTIM, PersonRole.WITNESS)
    world.do(cm.AddPerson(BINA, PersonRole.VICTIM))
    world.do(change)
    world.do(cm.ChangePersonRole(ASHA, PersonRole.WITNESS, PersonRole.VICTIM))
    assert world.status("visit", person(ASHA) + "/r:3") == "scheduled"
    world.live(days=2)
    assert world.status("visit", person(ASHA) + "/r:3") == "ready"


def test_a_discretionary_step_is_called_again_once_it_is_over() -> None:
    steps = {
        "a": {},
        "will": {"discretionary": True, **EACH, "time": {"from": "a", "limit": "PT4H"}},
        "home": {"after": "a", **EACH},
    }
    gates = {"own-will": {"holds": "home", "until": "will.flag", "reason": "Ask again."}}
    world = World(workflow(steps, gates=gates), victims=(ASHA,))
    call = cm.AddStep(RUN, "will", None, person(ASHA))
    world.do(call)
    assert world.do(call) == (), "it is open"
    world.end("a")
    world.end("will", person(ASHA), flag=False)
    assert world.status("home", person(ASHA)) == "held"
    world.let(hours=9)
    world.do(call)
    again = person(ASHA) + "/r:2"
    assert (world.status("will", again), world.due("will", again)) == ("ready", hours(13))
    world.end("will", again, flag=True)
    assert world.status("home", person(ASHA)) == "ready"
    world.do(call)
    world.end("will", person(ASHA) + "/r:3", flag=False)
    assert world.status("home", person(ASHA)) == "ready", "what is open is not held again"


def test_a_step_for_each_person_is_done_for_those_of_whom_its_condition_holds() -> None:
    steps = {"talk": {**EACH, "when": "person.is_victim && !person.is_guardian"}, "decide": {"after": "talk"}}
    world = World(workflow(steps), start=False)
    world.do(cm.AddPerson(ASHA, PersonRole.VICTIM))
    world.do(cm.AddPerson(BINA, PersonRole.POSSIBLE_VICTIM))
    world.do(cm.AddPerson(CHITRA, PersonRole.VICTIM))
    world.do(cm.AddPerson(CHITRA, PersonRole.GUARDIAN))
    world.start(next(iter(world.definitions.values())))
    assert [world.status("talk", person(one)) for one in (ASHA, BINA, CHITRA)] == ["ready", "skipped", "skipped"]
    world.end("talk", person(ASHA))
    assert world.status("decide") == "ready"


def test_a_person_is_a_child_unless_they_were_told_to_be_of_age() -> None:
    each = {"after": "find", **EACH}
    world = World(
        workflow(
            {"find": EACH, "school": {**each, "when": "person.is_child"}, "work": {**each, "when": "!person.is_child"}}
        ),
        victims=(ASHA, BINA, CHITRA),
    )
    for one, age in ((ASHA, {"tells:age": 17}), (BINA, {"tells:age": 18}), (CHITRA, {})):
        world.end("find", person(one), **age)
    assert [world.status("school", person(one)) for one in (ASHA, BINA, CHITRA)] == ["ready", "skipped", "ready"]
    assert [world.status("work", person(one)) for one in (ASHA, BINA, CHITRA)] == ["skipped", "ready", "skipped"]
