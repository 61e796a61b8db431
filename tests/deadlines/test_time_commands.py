"""What `icmc explain`, `deadline`, `on-call`, `absence` and `report` say over a real installation."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from engine.cases.actions.open import open_case
from engine.cli.main import app
from engine.people.viewer import actors, units
from engine.rehearsal.world import people_of
from tests.kit.installation import Installation, installed

pytestmark = pytest.mark.long

TOLD = {
    "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    with installed(with_prefect=False) as made:
        yield made


def run(site: Installation, *words: str) -> Result:
    return CliRunner().invoke(app, list(words), env=site.environment)


def test_time_and_duty_from_the_command_line(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Demo")
    viewer = people["case_manager"]
    opened = site.act(open_case, answers=TOLD, unit_id=unit, by=viewer)
    mails = {person.id: person.email for person in site.engine.ask(actors, viewer)}
    lead, worker = mails[people["supervisor"].actor_id], mails[people["caseworker"].actor_id]

    told = run(site, "explain", opened.case_number, "intake")
    assert told.exit_code == 0, told.output
    assert "It starts with" in told.output
    assert "Who will be notified, and when:" in told.output
    (found,) = json.loads(run(site, "explain", opened.case_number, "intake", "--json").output)
    assert found["lines"][0]["kind"] == "start"
    assert found["deadline"]["step_key"] == "intake"
    assert {point["kind"] for point in found["planned"]} >= {"breach", "level"}
    nothing = run(site, "explain", opened.case_number, "nowhere")
    assert nothing.exit_code == 1
    assert "There is no time limit of a step nowhere" in nothing.output

    until = (site.engine.clock.now() + timedelta(hours=5)).isoformat()
    pause = ("deadline", "pause", opened.case_number, "intake", "--reason", "person_away", "--until")
    assert run(site, *pause, "tomorrow").exit_code == 2
    assert "say in which time zone" in run(site, *pause, "2026-03-07T18:40").output
    paused = run(site, *pause, until, "--as", worker)
    assert "It is paused until" in paused.output
    assert "is already paused" in run(site, *pause, until, "--as", worker).output
    assert "It has resumed" in run(site, "deadline", "resume", opened.case_number, "intake", "--as", worker).output
    more = ("deadline", "extend", opened.case_number, "intake", "--more", "PT5M", "--reason", "far_away")
    assert "A second person has to answer" in run(site, *more, "--as", worker).output
    answer = ("deadline", "answer", opened.case_number, "intake", "--give")
    assert run(site, *answer, "--as", worker).exit_code == 1
    assert "Given. It is due" in run(site, *answer, "--as", lead).output
    assert "Recorded." in run(site, "deadline", "owner", opened.case_number, "intake", "ours", "--as", lead).output

    name = dict(site.engine.ask(units, viewer))[unit]
    now = site.engine.clock.now()
    span = ("--from", now.isoformat(), "--to", (now + timedelta(hours=8)).isoformat())
    assert "No one is on call" in run(site, "on-call", "list").output
    assert "Planned:" in run(site, "on-call", "plan", name, worker, *span, "--as", lead).output
    assert "(now)" in run(site, "on-call", "list", "--as", worker).output
    assert "Handed over" in run(site, "on-call", "hand-over", name, lead, "--as", worker).output
    assert "Recorded:" in run(site, "absence", "note", worker, *span, "--deputy", lead, "--as", worker).output
    assert "stands in" in run(site, "absence", "list", "--as", worker).output

    assert "No limit was kept or missed yet." in run(site, "report", "delays").output
    assert json.loads(run(site, "report", "delays", "--json").output) == []
    shown = json.loads(run(site, "case", "show", opened.case_number, "--json").output)
    assert shown["deadlines"][0]["extensions"][0]["state"] == "given"
