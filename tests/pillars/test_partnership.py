"""The step types of partnership."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.plugin.context import PartnerOffer
from pillars.partnership.forms import AccessForm, ConferenceForm, DirectoryForm, OnboardForm, ReviewForm
from pillars.partnership.steps import (
    Access,
    Conference,
    Directory,
    Onboard,
    Review,
    SilenceSettings,
    silence,
)
from tests.kit.pillars import (
    NOW,
    FakeContext,
    conclude,
    example,
    prepare,
    problems,
    run,
)

HOUR_AGO = (NOW - timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(("form", "changes"), [
    (OnboardForm, {"mou_from": "2026-03-10", "mou_to": "2026-03-09"}),
    (DirectoryForm, {"capacity_total": 2, "capacity_free": 3}),
    (ConferenceForm, {"members": ["police"], "need_to_know": ["police", "lawyer"]}),
    (ReviewForm, {"on_time_pct": 101}),
    (AccessForm, {"approved_by": "another", "from": "2026-03-10", "to": "2026-03-09"}),
    (AccessForm, {"user": "one", "approved_by": "one"}),
])  # fmt: skip
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) == {"*"}


def test_an_agreement_says_when_it_ends_and_when_to_renew_it() -> None:
    assert prepare(Onboard).prefill == {"mou_from": "2026-03-10", "mou_to": "2027-03-10"}
    answers = {"vetted_on": "2026-03-01", "mou_from": "2026-03-10", "mou_to": "2027-03-10"}
    concluded = conclude(Onboard, answers)
    assert concluded.facts == {
        "agreement_ends_at": datetime(2027, 3, 10, 18, 29, 59, tzinfo=UTC),
        "renew_agreement_at": datetime(2027, 1, 9, 18, 29, 59, tzinfo=UTC),
    }
    assert not concluded.notes
    assert conclude(Onboard, answers | {"vetted_on": "2026-03-11"}).notes
    assert conclude(Onboard).facts == {}


def test_an_entry_of_the_directory_keeps_what_rarely_changes_and_asks_for_what_is_free() -> None:
    before = {"service": ["shelter"], "capacity_total": 20, "capacity_free": 4, "takes_men": False}
    prefill = prepare(Directory, before={"partnership.directory": before}).prefill
    assert prefill == {
        "service": ["shelter"],
        "capacity_total": 20,
        "takes_men": False,
        "valid_until": (NOW + timedelta(days=90)).isoformat(),
    }


@pytest.mark.parametrize(("free", "has_place"), [(0, False), (1, True)])
def test_a_partner_has_place_when_one_is_free(free: int, *, has_place: bool) -> None:
    answers = {"capacity_free": free, "valid_until": NOW.isoformat()}
    facts = conclude(Directory, answers).facts
    assert facts == {"partner_has_place": has_place, "directory_entry_ends_at": NOW}


def test_a_conference_is_about_this_case() -> None:
    assert prepare(Conference).prefill == {"case": "C-2026-0001"}


def test_the_next_conference_is_watched() -> None:
    [watch] = conclude(Conference, {"next": "2026-03-20"}).follow_ups
    assert (watch.uses, watch.due_at) == ("partnership.conference", datetime(2026, 3, 20, 18, 29, 59, tzinfo=UTC))
    assert conclude(Conference).follow_ups == ()


SHELTER = PartnerOffer("Second House", ("shelter",), ("IN-ML",), ("kha",), 2, True)
ELSEWHERE = PartnerOffer("Far House", ("shelter",), ("NP",), ("ne",), 5, True)
CLINIC = PartnerOffer("Clinic", ("medical",), ("IN",), ("en",), None, None)


def test_a_second_partner_is_named_who_offers_the_same_in_the_same_place() -> None:
    asked = {"accept_by": HOUR_AGO, "to_org": "first house", "purpose": "shelter"}
    first = PartnerOffer("First House", ("shelter",), ("IN-ML",), (), 9, True)
    context = FakeContext(
        before={"reporting.refer": asked}, settings=SilenceSettings(), directory=(first, SHELTER, ELSEWHERE, CLINIC)
    )
    assert run(silence, context).notes == (
        "The partner has not answered in time: ask a second partner. The directory names: Second House.",
    )


def test_a_partner_comes_into_the_directory_without_its_contact_person() -> None:
    answers = example(OnboardForm, org="A House", areas=["IN-ML"], mou_to="2027-03-10", focal_person="Somebody")
    told = conclude(Onboard, answers).partner
    assert (told.name, told.areas, told.agreement_until) == ("A House", ("IN-ML",), date(2027, 3, 10))
    assert "Somebody" not in repr(told)
    update = {"service": ["shelter"], "capacity_free": 2, "takes_men": False, "valid_until": NOW.isoformat()}
    entry = conclude(Directory, update, before={"partnership.onboard": answers})
    assert (entry.partner.services, entry.partner.capacity_free, entry.partner.takes_men) == (("shelter",), 2, False)
    assert entry.partner.takes_children is None
    assert [watch.due_at for watch in entry.follow_ups] == [NOW]
    assert conclude(Directory, update).partner is None


def test_the_end_of_an_agreement_is_watched_from_sixty_days_before() -> None:
    [watch] = conclude(Onboard, {"mou_to": "2027-03-10"}).follow_ups
    assert (watch.opens_at, watch.due_at) == (
        datetime(2027, 1, 9, 18, 29, 59, tzinfo=UTC), datetime(2027, 3, 10, 18, 29, 59, tzinfo=UTC),
    )  # fmt: skip


def test_a_review_is_of_the_quarter_that_has_ended() -> None:
    assert prepare(Review).prefill == {"period": "October to December 2025"}
    assert prepare(Review, now=NOW.replace(month=5)).prefill == {"period": "January to March 2026"}


def test_numbers_of_a_review_that_do_not_fit_are_noted() -> None:
    assert conclude(Review, {"breaches": 0, "on_time_pct": 90, "causes": ["none"]}).notes
    assert conclude(Review, {"breaches": 1, "causes": ["distance"], "actions": ["none"]}).notes


def test_missed_limits_without_a_reason_are_noted() -> None:
    assert conclude(Review, {"breaches": 2, "causes": ["none"]}).notes
    assert not conclude(Review, {"breaches": 2, "causes": ["distance"]}).notes
    assert not conclude(Review, {"breaches": 0, "causes": ["none"]}).notes


def test_access_is_proposed_for_90_days() -> None:
    assert prepare(Access).prefill == {"from": "2026-03-10", "to": "2026-06-08"}


def test_untrained_and_unused_access_is_noted_unless_it_ends() -> None:
    unused = {"training_done": False, "last_used": (NOW - timedelta(days=91)).isoformat(), "scope": ["own_cases"]}
    concluded = conclude(Access, unused)
    assert len(concluded.notes) == 2
    assert concluded.facts == {"access_has_ended": False}
    ended = conclude(Access, unused | {"scope": ["none"]})
    assert ended.facts == {"access_has_ended": True}
    assert not ended.notes


@pytest.mark.parametrize(("asked", "grace", "outputs"), [
    ({"accept_by": HOUR_AGO}, 0, {"is_silent": True, "offer_second": True, "silent_hours": 1}),
    ({"accept_by": HOUR_AGO}, 2, {"is_silent": False, "offer_second": False, "silent_hours": 0}),
    (
        {"accept_by": HOUR_AGO, "accepted_at": HOUR_AGO},
        0,
        {"is_silent": False, "offer_second": False, "silent_hours": 0},
    ),
    (
        {"accept_by": HOUR_AGO, "declined_reason": "full"},
        0,
        {"is_silent": False, "offer_second": True, "silent_hours": 0},
    ),
    ({"accept_by": NOW.isoformat()}, 0, {"is_silent": False, "offer_second": False, "silent_hours": 0}),
    ({}, 0, {"is_silent": False, "offer_second": False, "silent_hours": 0}),
], ids=["late", "in grace", "accepted", "declined", "just due", "never asked"])  # fmt: skip
def test_a_second_partner_is_offered_when_the_first_is_silent_or_declines(
    asked: dict[str, str], grace: int, outputs: dict[str, Any]
) -> None:
    context = FakeContext(before={"reporting.refer": asked}, settings=SilenceSettings(grace_hours=grace))
    done = run(silence, context)
    assert done.outputs == outputs
    assert bool(done.notes) is outputs["offer_second"]


def test_the_numbers_of_a_review_are_those_that_the_system_counted() -> None:
    home = replace(SHELTER, name="Home in Kohima", asked=7, in_time=5, late=1)
    before = {"partnership.onboard": {"org": "home in KOHIMA"}}
    prepared = prepare(Review, before=before, directory=(CLINIC, home))
    assert prepared.prefill == {
        "period": "October to December 2025", "cases_in": 7, "breaches": 1, "on_time_pct": 83,
    }  # fmt: skip
    assert "asked 7, answered in time 5, late or not at all 1" in prepared.notes[0]
    assert prepare(Review, before=before, directory=(CLINIC,)).prefill == {"period": "October to December 2025"}
    nothing_due = prepare(Review, before=before, directory=(replace(home, asked=0, in_time=0, late=0),))
    assert nothing_due.prefill == {"period": "October to December 2025", "cases_in": 0, "breaches": 0}
