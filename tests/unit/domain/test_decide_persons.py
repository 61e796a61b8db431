"""Steps done for each person: correlated chains, joins, people who come and go."""

import pytest

from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.records import PersonRole
from engine.errors import NotFoundError
from tests.unit.domain.small_world import ASHA, BINA, CHITRA, World, person, workflow

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


@pytest.mark.parametrize(
    ("until", "answers", "status"),
    [
        ('ask.choice.all(c, c == "yes")', ["yes"], "held"),
        ('ask.choice.all(c, c == "yes")', ["yes", "no"], "held"),
        ('ask.choice.all(c, c == "yes")', ["yes", "yes"], "ready"),
        ('ask.choice.exists(c, c == "yes")', ["yes"], "ready"),
        ('ask.choice.exists(c, c == "yes")', ["no"], "held"),
        ('"yes" in ask.choice', ["no", "yes"], "ready"),
        ('ask.flag.all(f, f == "true")', [True, True], "ready"),
    ],
)
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
