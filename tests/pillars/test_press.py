"""The step types of Press: what they ask, propose, find and print."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.plugin.steps import PersonView, StepType
from pillars.press import PILLAR
from pillars.press.forms import LeakForm, MonitorForm, QueryForm, ReleaseForm, TrainingForm
from pillars.press.identity import Known, find_in
from pillars.press.steps import IDENTITY_CHECK, LEAK, MONITOR, QUERY, RELEASE
from tests.pillars.support import (
    NOW,
    FakeContext,
    accepts_its_examples,
    example,
    has_only_open_outputs,
    keeps_the_catalogue,
    person,
    problems,
    refuses_gaps_and_strangers,
    render,
)

CATALOGUE = {
    "press.query": """
        outlet:org! journalist:text! query:longtext! deadline:datetime! case:case stage:choice! answer:longtext
        decided_by:person! told_survivor:choice
    """,
    "press.release": """
        kind:choice(statement|missing_appeal|story)! text:longtext! image:file^ identity_check:multi!
        legal_basis:choice! child_involved:bool! permission_no:text survivor_consent:text approvals:multi!
        publish_from:datetime! withdraw_by:datetime!
    """,
    "press.leak": """
        url_or_issue:text! found_at:datetime! what_leaked:multi~! evidence_hash:hash! law:multi!
        survivor_told_at:datetime! safety_reviewed:bool! takedown_sent_at:datetime complaint_to:multi fir_no:text
        source_internal:choice! removed_at:datetime
    """,
    "press.monitor": """
        query_terms:text^! channel:multi! hits:int! harmful:int! next_run:datetime!
    """,
    "press.training": """
        participants:int! country:country! topics:multi! pledge_signed:int evaluation:int
    """,
}

CHANGES: dict[str, dict[str, Any]] = {
    "press.release": {"approvals": ["press_officer", "lawyer"], "legal_basis": "court_leave"}
}
GOOD = CHANGES["press.release"]
SURVIVOR = PersonView(UUID(int=1), "victim", "Rina Marak", ("Chachi",), "+91 98620 12345", 13)
CASE: dict[str, dict[str, Any]] = {
    "reporting.intake": {"place_last_seen": "Resubelpara market"},
    "reporting.missing": {"phone_and_handles": "03651 222 333, @sunny_girl", "companion": "Dipak"},
}
ASKED = [step for step in PILLAR.step_types if step.form]


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    changes = CHANGES.get(step.key, {})
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step, **changes)
    refuses_gaps_and_strangers(step, **changes)
    has_only_open_outputs(step)


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_first_screen_asks_six_required_things_at_most(step: StepType) -> None:
    first = [spec for spec in step.fields if spec.first_bite]
    assert 0 < len(first) <= 6
    assert all(spec.required for spec in first)


def test_an_answered_query_says_what_was_answered() -> None:
    assert problems(QueryForm, example(QueryForm, stage="answered", answer=None)) == {"*"}
    assert problems(QueryForm, example(QueryForm, stage="no_comment", answer=None)) == set()


def test_a_release_needs_two_approvals() -> None:
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD | {"approvals": ["lawyer"]}) == {"*"}
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD | {"approvals": ["lawyer", "lawyer"]}) == {"*"}
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD) == set()


def test_a_childs_own_consent_never_allows_a_release() -> None:
    by_consent = example(ReleaseForm) | GOOD | {"legal_basis": "adult_consent"}
    assert problems(ReleaseForm, by_consent | {"child_involved": True}) == {"*"}
    assert problems(ReleaseForm, by_consent | {"child_involved": False}) == set()


def test_instants_and_counts_fit_each_other() -> None:
    early = "2026-03-01T04:30:00+00:00"
    assert problems(ReleaseForm, example(ReleaseForm) | GOOD | {"withdraw_by": early}) == {"*"}
    assert problems(LeakForm, example(LeakForm, survivor_told_at=early)) == {"*"}
    assert problems(LeakForm, example(LeakForm, removed_at=early)) == {"*"}
    assert problems(MonitorForm, example(MonitorForm, harmful=4)) == {"*"}
    assert problems(TrainingForm, example(TrainingForm, pledge_signed=4)) == {"*"}
    assert problems(TrainingForm, example(TrainingForm, evaluation=101)) == {"*"}


def test_a_query_is_to_be_answered_in_four_hours() -> None:
    assert QUERY.prepare is not None
    prefill = QUERY.prepare(FakeContext()).prefill
    assert prefill == {"deadline": (NOW + timedelta(hours=4)).isoformat(), "stage": "new"}


def test_an_appeal_for_a_missing_child_is_proposed_as_such_and_goes_away_by_itself() -> None:
    assert RELEASE.prepare is not None
    times = {"publish_from": NOW.isoformat(), "withdraw_by": (NOW + timedelta(days=30)).isoformat()}
    appeal = RELEASE.prepare(FakeContext(persons=(person("victim", 13),), before={"reporting.missing": {"age": 13}}))
    assert appeal.prefill == times | {"kind": "missing_appeal", "legal_basis": "missing_person", "child_involved": True}
    assert RELEASE.prepare(FakeContext(persons=(person("victim", 30),))).prefill == times


def test_the_law_on_a_childs_identity_is_proposed_in_india_only() -> None:
    assert LEAK.prepare is not None
    child = (person("victim", 13),)
    assert LEAK.prepare(FakeContext(persons=child)).prefill["law"] == ["JJ74", "BNS72"]
    assert LEAK.prepare(FakeContext(persons=(person("victim", 30),))).prefill["law"] == ["BNS72"]
    assert "law" not in LEAK.prepare(FakeContext(persons=child, jurisdiction="BD")).prefill


def test_a_leak_says_whether_it_is_gone_where_it_came_from_and_what_was_late() -> None:
    assert LEAK.conclude is not None
    answers: dict[str, Any] = {
        "found_at": "2026-07-26T02:55:00Z",
        "survivor_told_at": "2026-07-26T06:55:00Z",
        "safety_reviewed": True,
        "source_internal": "suspected",
    }
    concluded = LEAK.conclude(FakeContext(answers=answers))
    assert concluded.facts == {"leak_removed": False, "leak_from_inside": True}
    assert concluded.notes == ()
    late = answers | {"survivor_told_at": "2026-07-26T06:55:01Z", "safety_reviewed": False, "source_internal": "no"}
    assert len(LEAK.conclude(FakeContext(answers=late)).notes) == 2
    assert LEAK.conclude(FakeContext(answers=late)).facts["leak_from_inside"] is False


@pytest.mark.parametrize(("harmful", "leak"), [(0, False), (2, True)])
def test_a_harmful_report_is_a_leak(harmful: int, *, leak: bool) -> None:
    assert MONITOR.conclude is not None
    assert MONITOR.prepare is not None
    assert MONITOR.conclude(FakeContext(answers={"harmful": harmful})).facts == {"leak_found": leak}
    assert MONITOR.prepare(FakeContext()).prefill == {"next_run": (NOW + timedelta(hours=24)).isoformat()}


def check(text: str) -> dict[str, Any]:
    assert IDENTITY_CHECK.run is not None
    before = CASE | {"press.release": {"text": text}}
    done = IDENTITY_CHECK.run(FakeContext(persons=(SURVIVOR,), before=before))
    said = " ".join(done.notes)
    for secret in ("Rina", "Marak", "Chachi", "98620", "Resubelpara", "sunny", "Dipak"):
        assert secret not in said
    assert " safe" not in said
    return {kind: count for kind, count in done.outputs.items() if count and kind not in {"checked", "found"}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A girl was found unharmed.", {}),
        ("RINA was found.", {"names": 1}),
        ("The Marak girl and Dipak's car", {"names": 2}),
        ("rína", {"names": 1}),
        ("Rinako logote", {"names": 1}),
        ("Marina is a port.", {}),
        ("They call her chachi.", {"aliases": 1}),
        ("write to @sunny_girl", {"aliases": 1}),
        ("Call 9862012345 or (03651) 222-333.", {"phones": 2}),
        ("Call ৯৮৬২০ ১২৩৪৫.", {"phones": 1}),
        ("near Resubelpara", {"places": 1}),
        ("Rina of Resubelpara, 98620-12345", {"names": 1, "phones": 1, "places": 1}),
    ],
)
def test_a_draft_is_searched_for_whoever_and_whatever_the_case_knows(text: str, found: dict[str, int]) -> None:
    assert check(text) == found


@pytest.mark.parametrize(("name", "text"), [("မမချို", "ယနေ့မမချိုကိုတွေ့သည်"), ("রিনা", "রিনাকে পাওয়া গেছে")])
def test_names_are_found_in_scripts_with_endings_and_without_spaces(name: str, text: str) -> None:
    assert find_in(text, Known(names=(name,))).names == 1


def test_a_draft_that_is_not_there_was_not_checked() -> None:
    assert IDENTITY_CHECK.run is not None
    assert IDENTITY_CHECK.run(FakeContext(persons=(SURVIVOR,))).outputs == {"checked": False}


def test_finding_nothing_still_asks_a_person_to_read() -> None:
    assert IDENTITY_CHECK.run is not None
    done = IDENTITY_CHECK.run(FakeContext(before={"press.release": {"text": "A girl was found."}}))
    assert done.outputs["checked"] is True
    assert done.outputs["found"] == 0
    assert "A person must still read it" in done.notes[0]


@pytest.mark.parametrize("full", [True, False])
def test_the_takedown_notice_names_the_law_and_never_what_leaked(*, full: bool) -> None:
    answers = example(LeakForm, full=full) | {"law": ["JJ74"], "what_leaked": ["intimate_image"]}
    notice = render("takedown-notice", LEAK, answers)
    assert "section 74" in notice
    assert "intimate" not in notice
    assert "Name Withheld" not in notice
    assert "not recorded" in render("takedown-notice", LEAK, {})
