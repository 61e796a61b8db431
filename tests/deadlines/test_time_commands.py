"""What `icmc explain`, `deadline`, `on-call`, `absence` and `report` say over a real installation."""

import json
from datetime import timedelta

import pytest

from engine.cases.actions.open import open_case
from engine.course.actions.steer import add_step
from engine.people.viewer import actors, units
from engine.rehearsal.world import people_of
from tests.kit.installation import Installation

pytestmark = pytest.mark.long

TOLD = {
    "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


def test_time_and_duty_from_the_command_line(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Demo")
    viewer = people["case_manager"]
    opened = site.act(open_case, answers=TOLD, unit_id=unit, by=viewer)
    mails = {person.id: person.email for person in site.engine.ask(actors, viewer)}
    lead, worker = mails[people["supervisor"].actor_id], mails[people["caseworker"].actor_id]

    told = site.icmc("explain", opened.case_number, "intake")
    assert told.exit_code == 0, told.output
    assert "It starts with" in told.output
    assert "Who will be notified, and when:" in told.output
    (found,) = json.loads(site.icmc("explain", opened.case_number, "intake", "--json").output)
    assert found["lines"][0]["kind"] == "start"
    assert found["deadline"]["step_key"] == "intake"
    assert {point["kind"] for point in found["planned"]} >= {"breach", "level"}
    without = site.act(add_step, opened.case_id, by=people["case_manager"], uses="core.ask")
    brought = site.icmc("explain", opened.case_number, str(without))
    assert "Questions: no time limit.\n  Someone added this step to the case: no workflow has it." in brought.output
    [as_json] = json.loads(site.icmc("explain", opened.case_number, str(without), "--json").output)
    assert (as_json["id"], as_json["key"]) == (str(without), "core_ask_1")
    nothing = site.icmc("explain", opened.case_number, "nowhere")
    assert nothing.exit_code == 1
    assert "There is no time limit of a step nowhere" in nothing.output

    until = (site.engine.clock.now() + timedelta(hours=5)).isoformat()
    pause = ("deadline", "pause", opened.case_number, "intake", "--reason", "person_away", "--until")
    assert site.icmc(*pause, "tomorrow").exit_code == 2
    assert "say in which time zone" in site.icmc(*pause, "2026-03-07T18:40").output
    paused = site.icmc(*pause, until, "--as", worker)
    assert "It is paused until" in paused.output
    assert "is already paused" in site.icmc(*pause, until, "--as", worker).output
    assert "It has resumed" in site.icmc("deadline", "resume", opened.case_number, "intake", "--as", worker).output
    more = ("deadline", "extend", opened.case_number, "intake", "--more", "PT5M", "--reason", "far_away")
    assert "A second person has to answer" in site.icmc(*more, "--as", worker).output
    answer = ("deadline", "answer", opened.case_number, "intake", "--give")
    assert site.icmc(*answer, "--as", worker).exit_code == 1
    assert "Given. It is due" in site.icmc(*answer, "--as", lead).output
    assert "Recorded." in site.icmc("deadline", "owner", opened.case_number, "intake", "ours", "--as", lead).output

    name = dict(site.engine.ask(units, viewer))[unit]
    now = site.engine.clock.now()
    span = ("--from", now.isoformat(), "--to", (now + timedelta(hours=8)).isoformat())
    assert "No one is on call" in site.icmc("on-call", "list").output
    assert "Planned:" in site.icmc("on-call", "plan", name, worker, *span, "--as", lead).output
    assert "(now)" in site.icmc("on-call", "list", "--as", worker).output
    assert "Handed over" in site.icmc("on-call", "hand-over", name, lead, "--as", worker).output
    assert "Recorded:" in site.icmc("absence", "note", worker, *span, "--deputy", lead, "--as", worker).output
    assert "stands in" in site.icmc("absence", "list", "--as", worker).output

    assert "No limit was kept or missed yet." in site.icmc("report", "delays").output
    assert json.loads(site.icmc("report", "delays", "--json").output) == []
    shown = json.loads(site.icmc("case", "show", opened.case_number, "--json").output)
    assert shown["deadlines"][0]["extensions"][0]["state"] == "given"
