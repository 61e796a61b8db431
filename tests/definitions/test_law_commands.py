"""What `icmc law` says over a real installation: which limits there are, and whether one counts in a case."""

import json
from typing import Any

import pytest

from engine.cases.actions.open import open_case
from engine.course.actions.steer import add_step
from engine.people.viewer import actors
from engine.rehearsal.world import people_of
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.installation import Installation

pytestmark = pytest.mark.long

TOLD = {
    "narrative": "x", "concern": "child_labour", "is_child_suspected": "yes", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip
OF_AGE = {
    "risk_level": "high", "decision": "police", "reason": "x", "age_band": "25_to_59",
    "exploitation_suspected": ["forced_labour"],
}  # fmt: skip


def said(site: Installation, *words: str) -> Any:
    return json.loads(site.icmc("law", *words, "--json").output)


def test_the_limits_are_listed_with_what_they_are_called(site: Installation) -> None:
    told = site.icmc("law", "list")
    assert told.exit_code == 0, told.output
    assert "75 limits in" in told.output
    assert "legal deadline" not in told.output
    every = said(site, "list")
    assert len({one["id"] for one in every}) == 75
    assert {one["state"] for one in every} == {"unsigned"}
    assert {one["jurisdiction"] for one in said(site, "list", "--in", "BD")} == {"BD"}
    assert said(site, "list", "--state", "signed") == []
    assert site.icmc("law", "list", "--in", "FR").exit_code == 2
    assert site.icmc("law", "list", "--state", "maybe").exit_code == 2


def test_a_limit_is_shown_with_an_example_counted_line_by_line(site: Installation) -> None:
    (found,) = said(site, "show", "IN-MISS-4M", "--from", "2025-10-31T20:00+05:30", "--in", "IN-TR")
    assert found["example"]["due_at"] == "2026-02-28T14:30:00+00:00"
    assert any("So it is due" in line or "due" in line for line in found["example"]["lines"])
    assert "missing-child" in " ".join(found["used_by"])
    both = said(site, "show", "IN-FIR-REG")
    assert {one["source"] for one in both} == {"BNSS s.173(1)", "CrPC s.154(1)"}
    assert "It counts no time." in site.icmc("law", "show", "IN-LABEL-ID").output
    assert site.icmc("law", "show", "IN-TAKEDOWN", "--option", "never").exit_code == 2
    assert "No calendar is published for XX" in site.icmc("law", "show", "IN-MISS-4M", "--in", "XX").output
    assert site.icmc("law", "show", "IN-MISS-4M", "--from", "yesterday").exit_code == 2


def test_a_limit_counts_in_a_case_until_an_answer_rules_it_out(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Demo")
    opened = site.act(open_case, answers=TOLD, unit_id=unit, by=people["case_manager"])
    number = opened.case_number
    found = said(site, "explain", number, "IN-JJ-REPORT-24H")
    assert (found["applies"], found["is_used"], found["missing"]) == ("unknown", True, ["the age of the person"])
    assert found["treated"] == "Until then it applies: the strictest reading is used."
    assert found["signed"] == "No lawyer has signed this text yet."
    assert found["term"].startswith("network target, based on")
    (deadline,) = found["deadlines"]
    assert deadline["lines"][0]["kind"] == "start"
    told = site.icmc("law", "explain", number, "IN-JJ-REPORT-24H")
    assert "applies, though not everything is known" in told.output
    assert "The age is not known for certain: until it is, the limit counts." in told.output

    step_id = site.act(add_step, opened.case_id, by=people["case_manager"], uses="reporting.triage", limit="PT4H")
    item = site.of(ItemStore).open_of_step(step_id)
    site.act(complete_work_item, item.id, by=people["supervisor"], revision=item.revision, answers=OF_AGE)
    found = said(site, "explain", number, "IN-JJ-REPORT-24H")
    assert (found["applies"], found["is_used"]) == ("no", False)
    running = [one for one in found["deadlines"] if one["deadline"]["ended_at"] is None]
    assert running == []
    told = site.icmc("law", "explain", number, "IN-JJ-REPORT-24H")
    assert "does not apply" in told.output
    assert "as far as is known, the person was 25 to" in told.output
    assert "It does not apply in this case." in told.output


def test_a_limit_that_no_step_follows_is_counted_as_it_would_be(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-NL", label="Hills")
    opened = site.act(open_case, answers=TOLD, unit_id=unit, by=people["case_manager"])
    number = opened.case_number
    found = said(site, "explain", number, "IN-FIR-ESIGN")
    assert found["deadlines"] == []
    assert found["would_be"][-1]["kind"] == "due"
    assert found["would_be_due"]
    assert found["missing"] == ["the day of the offence"]
    assert any("by itself in Nagaland" in line["text"] for line in found["reasons"])
    assert "what starts it is not known" in site.icmc("law", "explain", number, "IN-COMP-APPEAL").output
    assert "It applies, and counts no time." in site.icmc("law", "explain", number, "IN-LABEL-ID").output
    others = said(site, "explain", number, "IN-FIR-REG")["others"]
    assert others
    assert others[0].startswith("CrPC s.154(1)")


def test_what_is_not_there_is_said_in_words(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Other")
    opened = site.act(open_case, answers=TOLD, unit_id=unit, by=people["case_manager"])
    wrong = site.icmc("law", "explain", opened.case_number, "IN-JJ-PROD")
    assert wrong.exit_code == 1
    assert 'did you mean "IN-JJ-PROD-24H"?' in wrong.output
    assert site.icmc("law", "explain", "NOPE", "IN-JJ-PROD-24H").exit_code == 1
    mails = {person.id: person.email for person in site.engine.ask(actors, people["case_manager"])}
    for role, status in (("caseworker", 0), ("press_officer", 1), ("auditor", 1)):
        asked = site.icmc("law", "explain", opened.case_number, "IN-FIR-REG", "--as", mails[people[role].actor_id])
        assert asked.exit_code == status, (role, asked.output)
