"""The directory of partners: who fits, whose entry counts, and who is named where one is chosen."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.core.case_links import Referral, ReferralStatus
from engine.course.actions.steer import add_step
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, dispatchable
from engine.plugin.context import PartnerTold
from engine.sharing.actions.partners import keep_partner
from engine.sharing.records.partners import Partner, Score, offering, partner_id, quarter_before, scores_of, written
from engine.work.store import ItemStore
from tests.kit.portal import Portal, report_case

NOW = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def partner(name: str, **said: Any) -> Partner:
    return written(None, name, said, at=NOW)


def test_a_partner_is_the_same_however_the_name_is_written() -> None:
    assert partner_id(" A  House ") == partner_id("a house") != partner_id("a houses")


def test_what_is_not_said_stays_as_it_was_and_what_is_false_or_nothing_counts() -> None:
    known = partner("A House", areas=["NP"], takes_men=True, capacity_free=3)
    now = written(known, "A House", {"areas": [], "takes_men": False, "capacity_free": 0, "hours": ""}, at=NOW + HOUR)
    assert (now.areas, now.takes_men, now.capacity_free, now.updated_at) == (("NP",), False, 0, NOW + HOUR)


@pytest.mark.parametrize(("asked", "found"), [
    ({}, ["Full", "Here", "Land", "There"]),
    ({"service": "shelter"}, ["Full", "Here", "There"]),
    ({"area": "IN-ML"}, ["Full", "Here", "Land"]),
    ({"area": "IN"}, ["Full", "Here", "Land"]),
    ({"language": "ne"}, ["There"]),
    ({"service": "shelter", "area": "NP", "language": "ne"}, ["There"]),
    ({"service": "school"}, []),
])  # fmt: skip
def test_partners_are_found_by_what_where_and_language(asked: dict[str, str], found: list[str]) -> None:
    known = [
        partner("Here", services=["shelter"], areas=["IN-ML"], languages=["kha"]),
        partner("Full", services=["shelter"], areas=["IN-ML"], capacity_free=0),
        partner("Land", services=["medical"], areas=["IN"]),
        partner("There", services=["shelter"], areas=["NP"], languages=["ne"]),
    ]
    assert [one.name for one in offering(known, now=NOW, **asked)] == found


def test_free_places_come_first_while_they_can_be_relied_on() -> None:
    many = partner("Z many", capacity_free=9, valid_until=NOW)
    some = partner("Some", capacity_free=2, valid_until=NOW + HOUR)
    assert [one.name for one in offering([many, some], now=NOW)] == ["Some", "Z many"]
    assert [one.name for one in offering([many, some], now=NOW - HOUR)] == ["Z many", "Some"]


@pytest.mark.parametrize(("until", "state"), [
    (None, "none"), (date(2026, 3, 9), "over"), (date(2026, 3, 10), "ending"), (date(2026, 5, 9), "ending"),
    (date(2026, 5, 10), "held"),
])  # fmt: skip
def test_an_agreement_ends_soon_sixty_days_before(until: date | None, state: str) -> None:
    assert partner("A", agreement_until=until).agreement_on(date(2026, 3, 10)) == state


def referral(status: ReferralStatus, *, answered: timedelta | None = None, due: timedelta | None = HOUR) -> Referral:
    return Referral(
        id=uuid4(), case_id=uuid4(), unit_id=uuid4(), kind="referral", status=status, sent_at=NOW,
        due_at=NOW + due if due else None, answered_at=NOW + answered if answered else None,
    )  # fmt: skip


def test_a_scorecard_counts_answers_in_time_late_declined_open_and_silent() -> None:
    asked = [
        ("A", referral(ReferralStatus.ACCEPTED, answered=HOUR)),
        ("A", referral(ReferralStatus.DECLINED, answered=2 * HOUR)),
        ("A", referral(ReferralStatus.OFFERED)),
        ("A", referral(ReferralStatus.HELD)),
        ("A", referral(ReferralStatus.DROPPED)),
        ("b", referral(ReferralStatus.ENDED, answered=9 * HOUR, due=None)),
    ]
    assert scores_of(asked, now=NOW + 2 * HOUR) == (
        Score("A", asked=3, in_time=1, late=1, declined=1, open=1, silent=1), Score("b", asked=1, in_time=1),
    )  # fmt: skip
    assert scores_of(asked, now=NOW)[0].silent == 0


@pytest.mark.parametrize(("day", "begin", "end"), [
    (date(2026, 3, 31), date(2025, 10, 1), date(2026, 1, 1)),
    (date(2026, 4, 1), date(2026, 1, 1), date(2026, 4, 1)),
    (date(2028, 12, 31), date(2028, 7, 1), date(2028, 10, 1)),
])  # fmt: skip
def test_the_quarter_that_has_ended_is_whole(day: date, begin: date, end: date) -> None:
    assert quarter_before(day) == (begin, end)


HOUSE = PartnerTold("A House <b>", services=("shelter",), areas=("IN-ML", "IN-AS"), languages=("kha",), capacity_free=2)
CLINIC = PartnerTold("A Clinic", services=("medical",), areas=("IN",), takes_men=False)


def keep(portal: Portal, *told: PartnerTold | None) -> None:
    with portal.engine.transaction() as tx:
        for one in told:
            keep_partner(tx, one, now=portal.clock.now())
        tx.commit()


def test_the_directory_is_narrowed_by_what_is_needed_and_where(portal: Portal) -> None:
    keep(portal, HOUSE, CLINIC, None, PartnerTold("  "))
    keep(portal, PartnerTold("a house <B>", capacity_free=1))
    page = portal.as_role("caseworker").get("/partners")
    assert page.status_code == 200
    assert "<td>A Clinic" in page.text
    assert "a house &lt;B&gt;" in page.text
    assert "no men" in page.text
    only = portal.as_role("caseworker").get("/partners", params={"service": "shelter", "area": "IN-ML"}).text
    assert "a house" in only
    assert "<td>A Clinic" not in only
    assert "No partner in the directory matches" in portal.as_role("caseworker").get("/partners?service=no_such").text
    assert portal.anybody().get("/partners", follow_redirects=False).status_code in {303, 401, 403}


def test_the_directory_is_shown_where_a_partner_is_chosen(portal: Portal) -> None:
    keep(portal, HOUSE, CLINIC)
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    portal.act(add_step, case_id, by="case_manager", uses="reporting.refer", title="", limit="P3D")
    for batch in dispatchable(portal.engine, limit=50):
        for job in claim_jobs(portal.engine, batch_id=batch.id, worker="test", limit=100):
            run_job(portal.engine, job, flow_run_id=None, task_run_id=None, done_by="fallback")
    item = next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == "reporting.refer")
    page = portal.as_role("case_manager").get(f"/items/{item.id}").text
    assert "The directory names here:" in page
    assert "A Clinic" in page
