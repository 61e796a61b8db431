"""The stories go through the real use cases, on a real database, as they are told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event
from typer.testing import CliRunner

from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.cli.main import app
from engine.cli.training import words_of
from engine.core import events as ev
from engine.core.origins import line_of_event
from engine.core.policy import Viewer
from engine.course.actions.steer import add_step
from engine.errors import ConflictError
from engine.numbers.records import period_of
from engine.numbers.views.counting import count_period
from engine.people.viewer import as_viewer
from engine.rehearsal import replayer
from engine.rehearsal.answers import step_answers
from engine.rehearsal.replayer import replay_story
from engine.rehearsal.story import ReplayOutcome, StoryEvent, read_story
from engine.rehearsal.world import World
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.acceptance.conftest import NewWorld
from tests.kit.shipped import STORIES

OUTCOMES = ("rescued", "returned", "paid", "visited")
OTHERS = Path(__file__).parent / "other_stories"
Replayed = Callable[[str], ReplayOutcome]


@pytest.fixture(scope="module")
def asked_for_answers() -> dict[str, int]:
    """How often kept answers were asked for in each story that was replayed."""
    return {}


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    """Keep the world of each story that was replayed."""
    return {}


@pytest.fixture(scope="module")
def replayed(new_world: NewWorld, worlds: dict[str, World], asked_for_answers: dict[str, int]) -> Replayed:
    """Replay a story by its name, once for all that is asked of it."""

    @cache
    def replay(name: str) -> ReplayOutcome:
        def count(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked_for_answers[name] = asked_for_answers.get(name, 0) + ("FROM answer" in statement)

        event.listen(SqlEngine, "before_cursor_execute", count)
        try:
            worlds[name] = new_world()
            return replay_story(worlds[name], read_story(STORIES / f"{name}.yaml"))
        finally:
            event.remove(SqlEngine, "before_cursor_execute", count)

    return replay


WORKFLOWS = {
    "cs-01": "child-labour",
    "cs-02": "child-sexual-exploitation",
    "cs-04": "forced-scamming",
    "cs-06": "adult-exploitation",
    "cs-07": "missing-child",
    "cs-09": "identity-leak",
}
NAMES = [pytest.param(name, marks=() if name in {"cs-01", "cs-09"} else pytest.mark.long) for name in sorted(WORKFLOWS)]
"""The stories; a short run tells the first one and the one of the press."""


@pytest.mark.parametrize("name", NAMES)
def test_a_story_comes_out_as_told_and_was_foreseen_by_its_workflow(replayed: Replayed, name: str) -> None:
    outcome = replayed(name)
    assert outcome.workflow == WORKFLOWS[name]
    assert outcome.differences == ()
    assert outcome.foreseen_share >= 0.9, outcome.as_json()["discretionary"]
    assert outcome.jobs > 20


@pytest.mark.parametrize("name", NAMES)
def test_a_job_asks_once_for_all_answers_that_its_step_may_know(
    replayed: Replayed, asked_for_answers: dict[str, int], name: str
) -> None:
    jobs = replayed(name).jobs
    assert jobs / 2 < asked_for_answers[name] <= 2 * jobs


TOLD = {
    "StepOpened", "StepHeld", "StepScheduled", "StepSkipped", "DeadlineSet", "DeadlineMoved", "DeadlineWarned",
    "DeadlineBreached", "LevelRaised", "LevelMissed",
}  # fmt: skip
"""The events by which a step, a time limit or a message comes."""


@pytest.mark.parametrize("name", NAMES)
def test_whatever_happens_can_be_pointed_at(worlds: dict[str, World], replayed: Replayed, name: str) -> None:
    """Each step, limit, level and message of all events is a line of a published definition, or the act of a person.

    What the system adds while a person does something is not that person's act: only what somebody asked for is.
    """
    number = replayed(name).case
    lines = _lines_of(worlds[name], number)
    assert name == "cs-09" or any(line and "follow_ups" in line.place for line in lines)


def _lines_of(world: World, number: str) -> list[Any]:
    """Return the lines that brought what happened in a case; fail for what neither a line nor a person has brought."""
    with psycopg.connect(world.address.replace("postgresql+psycopg://", "postgresql://")) as database:
        [[case_id]] = database.execute('SELECT id FROM "case" WHERE number = %s', [number]).fetchall()

        def ask(statement: str) -> list[Any]:
            return database.execute(statement, [case_id]).fetchall()

        asked_for = {UUID(one) for [one] in ask("SELECT answer ->> 'step_id' FROM command WHERE case_id = %s") if one}
        bodies = ask("SELECT type, body FROM event WHERE case_id = %s ORDER BY seq")
        items = dict(ask("SELECT id, step_id FROM work_item WHERE case_id = %s"))
        sent = {one for [one] in ask("SELECT id FROM referral WHERE case_id = %s")}
        keys = [key for [key] in ask("SELECT key FROM message WHERE case_id = %s")]
    with world.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
    definitions, shelf = world.engine.definitions, world.engine.library()
    added = {one.id for one in state.steps.values() if one.added and not (one.added.origin or one.added.for_deadline)}
    assert added <= asked_for, "nobody asked for them"
    events = [ev.EVENT.validate_python({**body, "type": type_}) for type_, body in map(_plain, bodies) if type_ in TOLD]
    lines = [(one, line_of_event(one, state, definitions, shelf)) for one in events]
    assert [one for one, line in lines if line is None and _step_of(one) not in added] == []
    known = {_step_of(one) for one in events} | {
        one.deadline.id for one in events if isinstance(one, ev.DEADLINE_EVENTS)
    }
    about = {UUID(key.split("|")[1]) for key in keys}
    assert {one for one in about if items.get(one, one) not in known | sent} == set()
    assert about
    return [line for _, line in lines]


OTHER_STORIES = [
    pytest.param(
        path, id=path.stem, marks=() if path.stem in {"false-alarm", "a-home-joins-us"} else pytest.mark.faults
    )
    for folder in ("other_stories", "strangers")
    for path in sorted((Path(__file__).parent / folder).glob("*.yaml"))
]


@pytest.mark.long
@pytest.mark.parametrize("path", OTHER_STORIES)
def test_whatever_happens_in_any_other_story_can_be_pointed_at(world: World, path: Path) -> None:
    assert any(_lines_of(world, replay_story(world, read_story(path)).case)), "something is brought by a line"


def _plain(stored: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Return an event as it is kept, without what is encrypted in it and what is told beside it."""
    type_, body = stored
    if "step" in body:
        body["step"].pop("outputs", None)
        (body["step"].get("added") or {}).setdefault("title", "")
    return type_, {name: value for name, value in body.items() if name != "offered"}


def _step_of(event: Any) -> UUID:
    found: UUID = event.step.id if isinstance(event, ev.STEP_EVENTS) else event.deadline.step_id
    return found


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_late_but_what_the_story_tells(replayed: Replayed, name: str) -> None:
    told = {event.label: event.due for event in read_story(STORIES / f"{name}.yaml").timeline if not event.on_time}
    assert {breach.label: breach.breached_at for breach in replayed(name).breaches} == told


@pytest.mark.long
def test_the_late_answer_of_a_mission_is_one_breach_dated_when_it_was_due_and_the_ladder_climbs(
    replayed: Replayed,
) -> None:
    outcome = replayed("cs-02")
    late = [breach for breach in outcome.breaches if breach.label == "natok"]
    assert [breach.breached_at.isoformat() for breach in late] == ["2026-04-04T10:40:00+00:00"]
    assert any(escalation.planned_at >= late[0].due_at for escalation in outcome.escalations)


@pytest.mark.long
@pytest.mark.parametrize("later", [timedelta(minutes=30), timedelta(days=40)])
def test_a_request_for_a_nationality_is_foreseen_however_soon_it_comes_since_a_lawyer_looked_before(
    world: World, later: timedelta
) -> None:
    story = read_story(STORIES / "cs-02.yaml")
    asked = (story.instant_of("cwc") or story.opened_at) + later
    events = [event for event in story.timeline if event.at < asked or event.label == "natreq"]
    moved = [event.model_copy(update={"at": asked}) if event.label == "natreq" else event for event in events]
    timeline = tuple(event for event in moved if event.due_rule is None or event.due_rule.from_ != "natreq")
    outcome = replay_story(world, story.model_copy(update={"timeline": timeline}))
    assert outcome.differences == ()
    assert [event.label for event in outcome.events if not event.foreseen] == []


STRANGERS = Path(__file__).parent / "strangers"
"""Stories by somebody who knew the field and nothing of this system; what it foresees of them can only become more."""


@pytest.mark.long
@pytest.mark.parametrize(("name", "workflow", "foreseen"), [
    pytest.param("gulf-agent-at-the-post", "stopped-on-the-way", 0.89, marks=pytest.mark.faults),
    pytest.param("bride-of-seventeen", "early-marriage", 0.79, marks=pytest.mark.faults),
    pytest.param("home-from-kolkata", "adult-exploitation", 0.79, marks=pytest.mark.faults),
    pytest.param("newborn-at-a-nursing-home", "child-sale", 0.94, marks=pytest.mark.faults),
    pytest.param("pictures-of-a-pupil", "online-abuse", 0.69, marks=pytest.mark.faults),
    pytest.param("compensation-for-2021", "compensation", 0.88, marks=pytest.mark.faults),
    pytest.param("back-from-kuwait", "led-from-nepal", 0.91, marks=pytest.mark.faults),
    ("woman-at-the-post", "stopped-on-the-way", 0.84),
])  # fmt: skip
def test_a_story_of_a_stranger_finds_its_workflow_and_most_of_its_steps(
    world: World, name: str, workflow: str, foreseen: float
) -> None:
    outcome = replay_story(world, read_story(STRANGERS / f"{name}.yaml"))
    assert (outcome.workflow, outcome.differences) == (workflow, ())
    assert outcome.foreseen_share >= foreseen, outcome.as_json()["discretionary"]


@pytest.mark.parametrize(("title", "first", "begins", "concern"), [
    ("Unsafe migration from the gardens", "prevention.session", None, "unsafe_migration"),
    ("A year in the gardens", "prevention.session", "prevention-programme", "unsafe_migration"),
    ("Girl missing with a placement agency", "reporting.missing", None, "domestic_work"),
    ("Girl missing from the station", "reporting.missing", None, "missing_person"),
])  # fmt: skip
def test_the_title_of_a_story_says_what_it_is_about_before_its_first_step_does(
    title: str, first: str, begins: str | None, concern: str
) -> None:
    story = read_story(OTHERS / "nobody-yet.yaml")
    told = story.model_copy(
        update={"title": title, "timeline": (story.timeline[0].model_copy(update={"step": first}),)}
    )
    assert (told.begins, told.concern) == (begins, concern)


@pytest.mark.parametrize("title", ["Bride stopped at the gate", "Stopped on the way to a scam compound", "A daughter"])
@pytest.mark.parametrize(("victims", "concern"), [(1, "stopped_on_the_way"), (0, "unsafe_migration")])
@pytest.mark.parametrize("also", [(), ("repatriation.handover",)])
def test_a_story_that_begins_with_a_stop_is_about_it_whatever_its_title_says(
    title: str, victims: int, concern: str, also: tuple[str, ...]
) -> None:
    story = read_story(OTHERS / "our-child-is-in-delhi.yaml")
    timeline = tuple(
        story.timeline[0].model_copy(update={"step": step, "label": step}) for step in ("prevention.intercept", *also)
    )
    told = story.model_copy(update={"title": title, "timeline": timeline, "victims": story.victims[:victims]})
    assert told.concern == concern


def test_whoever_is_met_after_the_report_is_in_care_from_then_although_the_safety_plan_began_with_it() -> None:
    story = read_story(OTHERS / "son-who-left.yaml")
    report, found, identified = (
        next(event for event in story.timeline if event.step == step)
        for step in ("reporting.missing", "rescue.first_needs", "rescue.identify")
    )
    rule = identified.due_rule
    assert rule is not None
    assert rule.from_ == found.label
    from_report = rule.model_copy(update={"from_": report.label})
    safety = identified.model_copy(update={"step": "protection.safety", "label": "plan", "due_rule": from_report})
    told = story.model_copy(update={"timeline": (report, found, safety, identified)})
    assert told.taken_charge_at == found.at
    assert told.model_copy(update={"timeline": (report, found, safety)}).taken_charge_at == report.at == story.opened_at


@pytest.mark.parametrize(
    "title", ["Girl in domestic work in Delhi, seen from home", "Bride sold far away", "A daughter"]
)
@pytest.mark.parametrize(
    ("also", "concern"), [((), True), (("rescue.execute",), False), (("rescue.first_needs",), False)]
)
def test_a_story_of_whoever_is_only_received_is_about_coming_home_whatever_was_done_to_them(
    title: str, also: tuple[str, ...], *, concern: bool
) -> None:
    story = read_story(OTHERS / "our-child-is-in-delhi.yaml")
    more = (story.timeline[1].model_copy(update={"step": step, "label": step}) for step in also)
    timeline = (story.timeline[0], *more, *story.timeline[1:])
    told = story.model_copy(update={"title": title, "timeline": timeline})
    assert (told.concern == "coming_home") is concern


@pytest.mark.parametrize(("also", "concern"), [((), "online_abuse"), (("rescue.execute",), "sexual_exploitation")])
def test_whoever_is_exploited_in_pictures_alone_and_stays_at_home_is_abused_online(
    also: tuple[str, ...], concern: str
) -> None:
    story = read_story(OTHERS / "false-alarm.yaml")
    codes = {"vic_TypeOfExploitation": ["SexualExploitation"], "vic_TypeOfSexExploitation": ["Pornography"]}
    more = (story.timeline[1].model_copy(update={"step": step, "label": step}) for step in also)
    told = story.model_copy(update={"htcds": codes, "timeline": (*story.timeline, *more)})
    assert told.concern == concern


@pytest.mark.parametrize(
    ("title", "kept"), [("Stopped at the border", "stopped_on_the_way"), ("A girl missing", "missing_person")]
)
def test_a_title_that_tells_of_a_way_goes_before_how_the_story_ends(title: str, kept: str) -> None:
    story = read_story(OTHERS / "our-child-is-in-delhi.yaml")
    assert story.model_copy(update={"title": title}).concern == kept


@pytest.mark.long
def test_what_a_story_tells_as_late_is_late_although_what_the_team_does_moves_its_limit(world: World) -> None:
    story = read_story(STORIES / "cs-02.yaml")
    due = next(event.due for event in story.timeline if event.label == "evid")
    assert due is not None
    late = tuple(
        event.model_copy(update=({"at": due + timedelta(days=4), "on_time": False} if event.label == "evid" else {}))
        for event in story.timeline
    )
    outcome = replay_story(world, story.model_copy(update={"timeline": late}))
    assert outcome.differences == ()
    [evidence] = (event for event in outcome.events if event.label == "evid")
    assert evidence.due == due


@pytest.mark.long
def test_a_child_of_this_country_found_near_the_border_has_the_report_of_15_days_and_nothing_abroad(
    world: World,
) -> None:
    outcome = replay_story(world, read_story(OTHERS / "girl-from-the-next-village.yaml"))
    assert (outcome.workflow, outcome.differences) == ("child-sexual-exploitation", ())
    assert [event.label for event in outcome.events if not event.foreseen] == []
    assert "nationality" not in "".join(message.subject for message in outcome.messages)


@pytest.mark.long
def test_a_due_time_that_is_told_wrongly_is_a_difference(world: World) -> None:
    story = read_story(STORIES / "cs-01.yaml")
    told = story.timeline[: 1 + [event.label for event in story.timeline].index("cwc")]
    wrong = [
        event.model_copy(update={"due": event.due.replace(minute=41)}) if event.label == "cwc" and event.due else event
        for event in told
    ]
    outcome = replay_story(world, story.model_copy(update={"timeline": tuple(wrong)}))
    assert len(outcome.differences) == 1
    assert outcome.differences[0].startswith("cwc: due at 2026-03-08 18:10")


@pytest.mark.long
@pytest.mark.parametrize(("minutes", "is_foreseen"), [(0, True), (1, False)])
def test_what_is_due_when_the_story_says_is_foreseen_by_whichever_law(
    world: World, minutes: int, *, is_foreseen: bool
) -> None:
    story = read_story(STORIES / "cs-01.yaml")
    told = story.timeline[: 1 + [event.label for event in story.timeline].index("fir")]
    assert told[-1].due_rule is not None
    assert told[-1].due is not None
    rule = told[-1].due_rule.model_copy(update={"clock": "programme"})
    other = told[-1].model_copy(update={"due_rule": rule, "due": told[-1].due + timedelta(minutes=minutes)})
    outcome = replay_story(world, story.model_copy(update={"timeline": (*told[:-1], other)}))
    assert outcome.events[-1].foreseen is is_foreseen


@pytest.mark.long
@pytest.mark.parametrize("something_else", [None, {}, {"due_rule": {"from": "start", "limit": "P7D"}}])
def test_what_the_story_does_later_than_the_workflow_asks_is_done_then_and_what_follows_counts_from_it(
    world: World, something_else: dict[str, Any] | None
) -> None:
    story = read_story(OTHERS / "our-child-is-in-delhi.yaml")
    told = {one.label: one for one in story.timeline}
    looked_at, day = story.opened_at + timedelta(days=17), timedelta(days=1)
    later = told["hir"].model_copy(
        update={"at": looked_at, "due_rule": told["hir"].due_rule.model_copy(update={"limit": "P40D"})}
    )
    decided = told["plan"].model_copy(update={"at": looked_at + 2 * day})
    first = [one for one in story.timeline if one.at < story.opened_at + 3 * day and one.label not in {"hir", "plan"}]
    if something_else is not None:  # which the workflow knows only much later
        told_at = story.opened_at + 4 * day
        first.append(StoryEvent(label="told", at=told_at, step="prosecution.statement", **something_else))
    outcome = replay_story(world, story.model_copy(update={"timeline": (*first, later, decided)}))
    assert [one.label for one in outcome.not_foreseen] == [*["told"] * (something_else is not None), "hir"]
    assert [one.foreseen for one in outcome.events if one.label == "plan"] == [True]


@pytest.mark.long
def test_whoever_is_produced_only_later_and_was_not_brought_out_is_cared_for_before_that(world: World) -> None:
    story = read_story(STORIES / "cs-01.yaml")
    told = {one.label: one for one in story.timeline}
    first = [
        one for one in story.timeline if one.step in {"reporting.intake", "reporting.triage", "reporting.mandatory"}
    ]
    later = told["fir"].model_copy(update={"at": story.opened_at + timedelta(hours=30), "due_rule": None, "due": None})
    rule = told["cwc"].due_rule.model_copy(update={"from_": "fir"}) if told["cwc"].due_rule else None
    cwc = told["cwc"].model_copy(update={"at": later.at + timedelta(hours=5), "due_rule": rule, "due": None})
    outcome = replay_story(world, story.model_copy(update={"timeline": (*first, later, cwc)}))
    assert [one.label for one in outcome.events] == [one.label for one in (*first, later, cwc)]


@pytest.mark.long
def test_a_journey_that_was_over_before_its_step_opened_is_told_of_when_the_step_is_done(world: World) -> None:
    story = read_story(OTHERS / "nineteen-at-a-quarry.yaml")
    produced = next(one for one in story.timeline if one.label == "cwc")
    out, cared = story.instant_of("out"), next(one for one in story.timeline if one.step == "rescue.first_needs")
    assert produced.due_rule is not None
    assert out is not None
    journey = (cared.at - out) / 2
    rule = produced.due_rule.model_copy(update={"excluded_journey": journey})
    later = produced.model_copy(update={"due_rule": rule, "due": out + timedelta(hours=24) + journey})
    told = tuple(one for one in story.timeline if one.at < produced.at)
    outcome = replay_story(world, story.model_copy(update={"timeline": (*told, later)}))
    assert outcome.differences == ()
    assert outcome.events[-1].due == later.due


def test_an_item_that_changed_while_it_was_answered_is_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[UUID] = set()

    def changed_once(engine: Engine, item_id: UUID, **told: Any) -> object:
        if item_id not in seen:
            seen.add(item_id)
            raise ConflictError(kind="work item")
        return complete_work_item(engine, item_id, **told)

    monkeypatch.setattr(replayer, "complete_work_item", changed_once)
    outcome = replay_story(world, read_story(OTHERS / "false-alarm.yaml"))
    assert (outcome.differences, len(outcome.events)) == ((), 4)
    assert len(seen) >= 4


def test_what_became_of_the_child_is_counted_once_each_in_its_quarter(
    worlds: dict[str, World], replayed: Replayed
) -> None:
    number, world = replayed("cs-01").case, worlds["cs-01"]
    with psycopg.connect(world.address.replace("postgresql+psycopg://", "postgresql://")) as database:
        of_case = 'SELECT id, unit_id FROM "case" WHERE number = %s'
        [(case_id, unit)] = database.execute(of_case, [number]).fetchall()
        roles = dict(database.execute("SELECT role, actor_id FROM membership WHERE unit_id = %s", [unit]).fetchall())
    people = {role: world.engine.ask_all(as_viewer, actor) for role, actor in roles.items()}
    world.clock.move_to(datetime(2027, 6, 20, 6, 0, tzinfo=UTC))
    for uses in ("restitution.payment", "reintegration.visit", "reintegration.visit"):
        _do_once_more(world, case_id, people, uses)
    _do_once_more(world, case_id, people, "rescue.identify", sex="female")
    counted = ("survivors", "sex/female", "age/12_to_17", *(f"outcome/{one}" for one in OUTCOMES))
    found = {}
    for key in ("2026-Q1", "2026-Q2", "2027-Q2"):
        counts = world.engine.ask_all(count_period, period_of(key)).counts
        found[key] = [counts[str(unit), what] for what in counted]
    assert found == {
        "2026-Q1": [1, 1, 1, 1, 0, 0, 0], "2026-Q2": [0, 0, 0, 0, 1, 0, 0], "2027-Q2": [0, 0, 0, 0, 0, 1, 1],
    }  # fmt: skip


def _do_once_more(world: World, case_id: UUID, people: dict[str, Viewer], uses: str, **more: str) -> None:
    engine, now, story = world.engine, world.now(), read_story(STORIES / "cs-01.yaml")
    step = add_step(engine, case_id, viewer=people["case_manager"], command_id=uuid4(), uses=uses)
    world.settle_jobs()
    with engine.transaction() as tx:
        item = tx.of(ItemStore).open_of_step(step)
    told = StoryEvent(label="", at=now, step=uses, tz="Asia/Kolkata")
    complete_work_item(
        engine, item.id, viewer=people[item.candidate_roles[0]], revision=item.revision, command_id=uuid4(),
        answers=step_answers(story, told, engine.registry.get(uses)) | more, happened_at=now,
    )  # fmt: skip


@pytest.mark.long
def test_the_command_prints_json_and_says_by_its_status_that_all_went_as_told() -> None:
    done = CliRunner().invoke(app, ["replay", str(OTHERS / "false-alarm.yaml"), "--json"])
    assert done.exit_code == 0, done.output
    (outcome,) = json.loads(done.output)
    wanted = {"story", "case", "events", "breaches", "escalations", "messages", "closed", "differences", "foreseen"}
    assert wanted <= set(outcome)
    assert outcome["differences"] == []


def test_what_was_not_foreseen_is_told_apart_by_whether_it_was_open(world: World) -> None:
    story = read_story(OTHERS / "false-alarm.yaml")
    told = []
    for one in story.timeline:
        rule = one.due_rule
        if one.step == "reporting.triage" and rule is not None:
            sooner = rule.model_copy(update={"limit": "PT12H"})
            told.append(one.model_copy(update={"due": None, "due_rule": sooner}))
        else:
            told.append(one)
    outcome = replay_story(world, story.model_copy(update={"timeline": tuple(told)}))
    apart = outcome.as_json()
    [triage] = [one for one in outcome.events if one.step == "reporting.triage"]
    assert (triage.foreseen, triage.was_open) == (False, True)
    assert triage.due_otherwise == story.opened_at + timedelta(hours=24)
    assert apart["due_otherwise"] == [triage.label]
    assert sorted(apart["due_otherwise"] + apart["not_open"]) == sorted(apart["discretionary"])
    assert f"open, but due at another time: {triage.label} (" in words_of(outcome)


def test_a_file_that_is_no_story_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "no.yaml"
    file.write_text("title: nothing\n")
    done = CliRunner().invoke(app, ["replay", str(file)])
    assert done.exit_code == 1
    assert "no.yaml cannot be read" in done.output
    assert "Traceback" not in done.output
