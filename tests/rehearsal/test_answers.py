"""The invented answers of stories fit every form, and nobody is drowned in messages."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from statistics import median

import pytest

from engine.cases.answers import check_answers
from engine.definitions.rehearsed import AlertBudget
from engine.language.ladders import LevelRepeat
from engine.language.limits import TimeLimit
from engine.plugin.steps import StepKind
from engine.rehearsal.answers import as_it_goes_on, step_answers
from engine.rehearsal.budget import alert_budget
from engine.rehearsal.drawn import SimulatedReport
from engine.rehearsal.simulator import simulate
from engine.rehearsal.story import Story, StoryEvent, read_story
from tests.kit.shipped import CASES, STORIES, library, registry, shipped
from tests.rehearsal.test_simulator import REPORT

pytestmark = pytest.mark.long

NAMES = sorted(path.stem for path in STORIES.glob("*.yaml"))
ASKED = sorted(key for key, step in registry().step_types.items() if step.kind is StepKind.ASKED)


@pytest.mark.parametrize(("citizenship", "places", "asks", "crosses", "country"), [
    (["BD (to be verified)"], ("BD-G", "IN-AS"), True, "across", "BD"),
    ("NP", (), False, "across", "NP"),
    (["FR"], (), False, "across", "other"),
    (["IN"], ("IN-AS", "BD-G"), False, "within", None),
    ((), ("IN-AS",), False, "within", None),
    (["not known"], ("MM-11",), True, "across", "MM"),
    ((), (), True, "across", "other"),
])  # fmt: skip
def test_whether_a_case_crosses_a_border_is_answered_as_its_story_tells_it(
    *, citizenship: object, places: tuple[str, ...], asks: bool, crosses: str, country: str | None
) -> None:
    story = read_story(STORIES / "cs-02.yaml")
    victims = (story.victims[0].model_copy(update={"citizenship": citizenship}),)
    timeline = tuple(event for event in story.timeline if asks or event.step != "repatriation.nationality")
    told = story.model_copy(update={"victims": victims, "other_jurisdictions": places, "timeline": timeline})
    step_type = registry().get("repatriation.border")
    answers = step_answers(told, told.timeline[-1], step_type)
    check_answers(step_type, answers)
    assert (answers["crosses"], answers.get("country")) == (crosses, country)


@pytest.mark.parametrize(("words", "crosses"), [
    ("no request to any body there; the refugee body told", "across_not_asked"),
    ("asylum_claim true, stateless_risk true", "across_not_asked"),
    ("asylum_claim: yes", "across_not_asked"),
    ("nothing sent to a mission", "across_not_asked"),
    ("asylum_claim false after legal advice; asked through the State", "across"),
    ("new request sent to the mission, the first one is unanswered; asylum claim no", "across"),
])  # fmt: skip
def test_nothing_is_asked_abroad_where_a_story_says_that_asylum_is_claimed(words: str, crosses: str) -> None:
    story = _story("cs-02")
    asked = _told("repatriation.nationality").model_copy(update={"expected": words})
    told = story.model_copy(update={"timeline": (story.timeline[0], asked), "other_jurisdictions": ("BD-G",)})
    step_type = registry().get("repatriation.border")
    answers = step_answers(told, told.timeline[0], step_type)
    check_answers(step_type, answers)
    assert answers["crosses"] == crosses


@pytest.mark.parametrize("step", ASKED)
def test_the_invented_answers_of_a_step_are_valid_in_every_story(step: str) -> None:
    step_type = registry().get(step)
    for name in NAMES:
        story = _story(name)
        event = story.timeline[-1].model_copy(update={"step": step})
        answers = step_answers(story, event, step_type)
        check_answers(step_type, answers)
        assert answers == step_answers(story, event, step_type)


@cache
def _story(name: str) -> Story:
    return read_story(STORIES / f"{name}.yaml")


def _told(step: str, *, of: str = "", law: str = "", label: str = "told", after_hours: int = 0) -> StoryEvent:
    rule = {"due_rule": {"from": of, "limit": "PT24H", "clock": law}} if law else {}
    at = _story("cs-01").opened_at + timedelta(hours=after_hours)
    return StoryEvent.model_validate({"label": label, "at": at, "step": step, **rule})


@pytest.mark.parametrize("is_registered_later", [True, False])
def test_a_report_that_is_registered_within_a_day_of_another_was_refused_first(*, is_registered_later: bool) -> None:
    first = _told("policing.fir", label="first")
    later = _told("policing.fir", of="first" if is_registered_later else "start", law="IN-FIR-REG", after_hours=9)
    told = _story("cs-01").model_copy(update={"timeline": (first, later)})
    answers = step_answers(told, first, registry().get("policing.fir"))
    check_answers(registry().get("policing.fir"), answers)
    assert answers["refused"] is is_registered_later


LATER: dict[str, tuple[StoryEvent, StoryEvent, dict[str, object]]] = {
    "found nobody": (
        _told("rescue.execute", label="first"), _told("rescue.execute", label="second", after_hours=9),
        {"persons_found": 0, "children_found": 0},
    ),
    "found somebody": (
        _told("rescue.execute", label="first"), _told("rescue.first_needs", label="second", after_hours=9),
        {"persons_found": 1, "children_found": 1},
    ),
    "sent": (
        _told("policing.fir", label="first"), _told("policing.fir", of="first", law="IN-FIR-ESIGN", after_hours=9),
        {"refused": False, "e_report": "sent"},
    ),
    "arrested": (
        _told("policing.evidence", label="first"),
        _told("prosecution.hearing", of="first", law="IN-REMAND-24H", after_hours=9),
        {"arrested_at": _told("policing.evidence").at.isoformat()},
    ),
    "protected": (
        _told("protection.witness", label="first"),
        _told("protection.witness", of="first", law="IN-WPS-REVIEW", after_hours=9),
        {"order_on": _told("protection.witness").at.date().isoformat()},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LATER)
def test_an_answer_tells_what_the_story_goes_on_with(what: str) -> None:
    first, later, wanted = LATER[what]
    told = _story("cs-01").model_copy(update={"timeline": (first, later)})
    answers = step_answers(told, first, registry().get(first.step))
    check_answers(registry().get(first.step), answers)
    assert {name: answers.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(("first", "stage"), [("prosecution.outcome", "judgment"), ("prosecution.hearing", "trial")])
def test_an_old_case_is_where_the_story_goes_on_with_it_also_at_that_moment(first: str, stage: str) -> None:
    untold = _told("policing.update", label="")
    timeline = (_told(first, label="now"), _told("prosecution.outcome", label="later", after_hours=9))
    told = _story("cs-01").model_copy(update={"timeline": timeline})
    assert step_answers(told, untold, registry().get("policing.update"))["stage"] == stage


@pytest.mark.parametrize(("hours", "refused"), [(5, True), (12, False)])
def test_what_no_story_tells_does_not_register_what_the_story_says_was_registered_later(
    hours: int, *, refused: bool
) -> None:
    untold = _told("policing.fir", label="", after_hours=hours)
    later = _told("policing.fir", label="later", of="first", law="IN-FIR-REG", after_hours=9)
    told = _story("cs-01").model_copy(update={"timeline": (_told("policing.fir", label="first"), later)})
    assert step_answers(told, untold, registry().get("policing.fir"))["refused"] is refused


@pytest.mark.parametrize(("of", "is_at_hand"), [("start", True), ("first", True), ("later", False)])
def test_a_story_can_name_its_beginning_by_its_first_event(of: str, *, is_at_hand: bool) -> None:
    events = (
        _told("reporting.intake", label="first"), _told("policing.fir", label="later", after_hours=1),
        _told("rescue.production", of=of, law="IN-JJ-PROD-24H", label="produced", after_hours=9),
    )  # fmt: skip
    assert _story("cs-01").model_copy(update={"timeline": events}).is_at_hand is is_at_hand


@pytest.mark.parametrize(("step", "is_out"), [("rescue.production", True), ("rescue.execute", False)])
def test_whoever_is_produced_and_was_not_brought_out_is_out_since_the_start_of_that_time(
    step: str, *, is_out: bool
) -> None:
    events = (
        _told("reporting.intake", label="first"), _told("policing.fir", label="later", after_hours=1),
        _told(step, label="found", after_hours=2),
        _told("rescue.production", of="later", law="IN-JJ-PROD-24H", label="produced", after_hours=9),
    )  # fmt: skip
    told = _story("cs-01").model_copy(update={"timeline": events})
    assert (told.is_out_already, told.is_at_hand) == (is_out, False)
    assert told.taken_charge_at == (told.instant_of("later") if is_out else None)


@pytest.mark.parametrize("stopped_after_hours", [1, 3])
def test_whoever_is_stopped_only_after_it_was_decided_what_comes_first_was_in_nobodys_care(
    stopped_after_hours: int,
) -> None:
    events = (
        _told("reporting.intake", label="first"), _told("reporting.triage", label="decided", after_hours=2),
        _told("prevention.intercept", label="stopped", after_hours=stopped_after_hours),
        _told("protection.safety", of="first", law="programme", label="safe", after_hours=4),
    )  # fmt: skip
    assert _story("cs-01").model_copy(update={"timeline": events}).is_at_hand is (stopped_after_hours < 2)


@pytest.mark.parametrize(("law", "concern"), [("IN-ITPA-FORTHWITH", "sexual_exploitation"), ("", "bonded_labour")])
def test_work_that_a_law_on_sexual_exploitation_counts_is_about_that(law: str, concern: str) -> None:
    codes = {
        "vic_TypeOfExploitation": ["ForcedLabour", "SexualExploitation"],
        "vic_MethodsOfControl": ["DebtBondage"],
    }
    timeline = (_told("reporting.intake", label="first"), _told("rescue.identify", of="first", law=law, label="told"))
    told = _story("cs-01").model_copy(update={"title": "A dance troupe", "htcds": codes, "timeline": timeline})
    assert told.concern == concern


@pytest.mark.parametrize("law", ["IN-INV-2M", "IN-DEFAULT-BAIL"])
def test_a_child_was_abused_at_work_where_the_story_counts_what_the_law_gives_for_that(law: str) -> None:
    labour = shipped("child-labour")
    to_come = [
        _told("policing.medical", label="seen"),
        _told("policing.chargesheet", label="charged", of="told", law=law, after_hours=9),
    ]
    questions = [one for one in labour.steps["triage"].spec.questions if one.id == "abused"]
    found = as_it_goes_on(labour, "triage", questions, to_come, {"told": "policing.fir"})
    assert found == {"abused": True if law == "IN-INV-2M" else None}


@pytest.mark.parametrize(("before_triage", "is_at_hand"), [(True, True), (False, False)])
def test_whoever_is_cared_for_before_it_is_decided_what_comes_first_was_in_care_already(
    *, before_triage: bool, is_at_hand: bool
) -> None:
    events = (
        _told("reporting.intake", label="first"), _told("rescue.first_needs", label="cared", after_hours=1),
        _told("reporting.triage", label="decided", after_hours=2 if before_triage else 0),
    )  # fmt: skip
    assert _story("cs-01").model_copy(update={"timeline": events}).is_at_hand is is_at_hand


@pytest.mark.parametrize(("of", "answer"), [("call", True), ("out", False)])
def test_a_sign_is_told_of_only_where_the_story_counts_from_it(of: str, *, answer: bool) -> None:
    to_come = [_told("policing.fir", label="there", of=of, law="IN-FIR-REG", after_hours=9)]
    led = shipped("led-from-nepal")
    told = {"call": "policing.evidence", "out": "rescue.execute", "there": "policing.fir"}
    questions = [one for one in led.steps["evidence"].spec.questions if one.id == "in_india"]
    assert as_it_goes_on(led, "evidence", questions, to_come, told) == {"in_india": answer or None}
    questions = [one for one in led.steps["triage"].spec.questions if one.id == "in_india"]
    assert as_it_goes_on(led, "triage", questions, to_come, told) == {"in_india": True}


@pytest.mark.parametrize(("label", "harmful"), [("", 1), ("seen", 0)])
def test_a_watch_of_which_no_story_tells_finds_what_the_story_has_taken_down_later(label: str, harmful: int) -> None:
    watch = _told("press.monitor", label=label)
    told = _story("cs-01").model_copy(update={"timeline": (watch, _told("press.leak", label="out", after_hours=2))})
    assert step_answers(told, watch, registry().get("press.monitor"))["harmful"] == harmful


@pytest.mark.parametrize(("step", "law", "read"), [
    ("press.monitor", "IN-TAKEDOWN", "press.takedown"), ("press.leak", "IN-TAKEDOWN", "press.takedown"),
    ("press.monitor", "programme", "press.monitor"), ("press.leak", "", "press.leak"),
    ("reporting.dedupe", "programme", "reporting.match"), ("reporting.dedupe", "", "reporting.dedupe"),
])  # fmt: skip
def test_a_look_that_has_a_time_limit_is_the_step_that_has_it_here(step: str, law: str, read: str) -> None:
    assert _told(step, of="start", law=law).step == read


@pytest.mark.parametrize(("after_hours", "begins"), [(0, True), (5, True), (24 * 17, False)])
def test_a_report_weeks_later_is_not_the_one_with_which_a_story_begins(after_hours: int, *, begins: bool) -> None:
    assert _story("cs-01").is_report(_told("reporting.intake", after_hours=after_hours)) is begins


@pytest.mark.parametrize("from_the_rescue_on", [True, False])
def test_a_story_of_compensation_that_begins_with_the_rescue_is_about_what_was_done(
    *, from_the_rescue_on: bool
) -> None:
    story = _story("cs-02")
    kept = [one for one in story.timeline if from_the_rescue_on or one.step != "rescue.production"]
    told = story.model_copy(update={"title": "A compensation that nobody paid", "timeline": tuple(kept)})
    assert told.concern == ("sexual_exploitation" if from_the_rescue_on else "compensation")


CASE_NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
MOST_A_DAY = 8
MOST_NOTICES = 24
"""In-app: they stand on a page until somebody looks."""
ONE_OF_EACH_DAY = 7
"""The cases that a merge simulates of each workflow; `make faults` simulates six of each day of the week."""


def budget(name: str, **more: int) -> AlertBudget:
    place = next(iter(shipped(name).workflow.jurisdictions), "IN")
    return alert_budget(shipped(name), library(), jurisdiction=place, **more)


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_shipped_workflow_gives_nobody_more_than_eight_messages_a_day_that_are_not_critical(name: str) -> None:
    found = budget(name, samples=ONE_OF_EACH_DAY)
    assert 0 < found.sent.worst <= MOST_A_DAY, found.rules


@pytest.mark.faults
@pytest.mark.parametrize("name", CASE_NAMES)
def test_however_a_hub_fares_nobody_gets_more_than_eight_messages_a_day_that_are_not_critical(name: str) -> None:
    found, *others = (budget(name, seed=seed) for seed in (1, 2, 3))
    assert found.open_cases == 200
    assert all(0 < one.sent.worst <= MOST_A_DAY for one in (found, *others)), found.rules
    assert median(one.in_app.worst for one in (found, *others)) <= MOST_NOTICES
    assert found.sent.median <= found.sent.p95 <= found.sent.worst
    assert list(found.rules.values()) == sorted(found.rules.values(), reverse=True)


def test_the_same_seed_gives_the_same_budget() -> None:
    assert budget("reported-concern", seed=3) == budget("reported-concern", seed=3)


def test_more_open_cases_mean_more_messages() -> None:
    few, many = budget("reported-concern", open_cases=50), budget("reported-concern", open_cases=1000)
    assert sum(few.rules.values()) < sum(many.rules.values())
    assert few.in_app.worst < many.in_app.worst


def test_a_ladder_that_repeats_shows_in_the_budget_under_its_name() -> None:
    name = "ladder standard, level 1"
    standard = library().ladders["standard"]
    nagging = standard.levels[0].model_copy(update={"repeat": LevelRepeat(every=TimeLimit("PT30M"), times=40)})
    levels = (nagging, *standard.levels[1:])
    ladders = {**library().ladders, "standard": standard.model_copy(update={"levels": levels})}
    louder = alert_budget(shipped("reported-concern"), replace(library(), ladders=ladders), jurisdiction="IN")
    assert louder.rules[name] > 3 * budget("reported-concern").rules[name]
    assert louder.in_app.worst > MOST_NOTICES


def test_a_simulated_person_is_told_of_each_breach_of_their_step() -> None:
    report = SimulatedReport(REPORT.answers, REPORT.opened_at, REPORT.jurisdiction)
    done = simulate(shipped("reported-concern"), library(), report, seed=5, late=1.0)
    breached = [one.step for one in done.happenings if one.what == "breached"]
    assert breached
    assert sorted(breached) == sorted(one.rule.partition(",")[0] for one in done.told if one.rule.endswith("overdue"))
    on_time = simulate(shipped("reported-concern"), library(), report, seed=5, late=0.0)
    assert [one for one in on_time.told if one.rule.endswith("overdue")] == []
