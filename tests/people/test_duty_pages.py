"""Rotas, absences, conflicts of interest, offers of other units, how one is told, and the links of messages."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from engine.db.tables import TABLES
from engine.messages.actions.writing import token_of_link
from engine.messages.chat import AppriseGateways
from engine.messages.views import organisations
from engine.people.records import AbsenceView, ShiftView, rota_of
from engine.people.views import absences
from engine.people.views import shifts as shifts_view
from engine.rehearsal.world import people_of
from engine.sharing.actions.referrals import offer_referral
from engine.site import create_app
from tests.deadlines.test_deadline_page import local, reported
from tests.kit.portal import Portal, hidden

pytestmark = pytest.mark.long


def command(**more: str) -> dict[str, str]:
    return {"command_id": str(uuid4()), **more}


def test_a_shift_is_planned_once_handed_over_and_called_off(portal: Portal) -> None:
    lead, worker = portal.as_role("supervisor"), portal.as_role("caseworker")
    who, unit = str(portal.people["caseworker"].actor_id), str(portal.unit)
    assert "No one is on call now" in lead.get("/on-call").text
    assert "Plan a shift" not in worker.get("/on-call").text
    wrong = lead.post("/on-call/plan", data=command(unit_id=unit))
    assert wrong.status_code == 422
    assert "Say from when: a date and time" in wrong.text
    form = command(
        unit_id=unit, actor_id=who, starts_at=local(portal, timedelta()), ends_at=local(portal, timedelta(hours=8))
    )
    for _ in range(2):
        assert "The shift was planned." in lead.post("/on-call/plan", data=form).text
    assert len(portal.engine.ask(shifts_view, portal.people["supervisor"])) == 1
    assert f"<strong>{portal.people['caseworker'].name}</strong>" in worker.get("/worklist").text
    to = str(portal.people["counsellor"].actor_id)
    assert "Both people were notified" in worker.post("/on-call/hand-over", data=command(unit_id=unit, to=to)).text
    shifts = portal.engine.ask(shifts_view, portal.people["supervisor"])
    assert [(shift.actor, shift.taken_from) for shift in shifts] == [
        (portal.people["counsellor"].name, portal.people["caseworker"].name)
    ]
    off = lead.post(f"/on-call/{shifts[0].id}/cancel", data=command())
    assert "cancelled" in off.text
    assert portal.engine.ask(shifts_view, portal.people["supervisor"]) == ()


def _at(day: int, hour: int) -> datetime:
    """Return an instant of March 2026 by the clock of Kolkata; the 7th is a Saturday."""
    return datetime(2026, 3, 1, hour, tzinfo=ZoneInfo("Asia/Kolkata")) + timedelta(days=day - 1)


def _shift(who: int, starts_at: datetime, ends_at: datetime) -> ShiftView:
    return ShiftView(
        id=uuid4(), unit_id=UUID(int=0), unit="U", zone="Asia/Kolkata", actor_id=UUID(int=who), actor=f"P{who}",
        starts_at=starts_at, ends_at=ends_at, taken_from=None, is_now=False,
    )  # fmt: skip


@pytest.mark.parametrize(("shifts", "people", "gaps"), [
    ((), (), ("",)),
    ((_shift(1, _at(7, 0), _at(20, 0)),), ("P1",), ()),
    ((_shift(1, _at(9, 0), _at(10, 0)),), ("P1",), ()),
    ((_shift(1, _at(9, 8), _at(10, 8)),), ("P1 08:00-24:00",), ("00:00-08:00",)),
    ((_shift(1, _at(8, 20), _at(9, 8)), _shift(2, _at(9, 8), _at(9, 20))),
     ("P1 00:00-08:00", "P2 08:00-20:00"), ("20:00-24:00",)),
    ((_shift(1, _at(9, 0), _at(9, 8)), _shift(2, _at(9, 9), _at(10, 0))),
     ("P1 00:00-08:00", "P2 09:00-24:00"), ("08:00-09:00",)),
    ((_shift(1, _at(10, 0), _at(11, 0)), _shift(2, _at(8, 0), _at(9, 0))), (), ("",)),
    ((_shift(1, _at(8, 20), _at(9, 8)), _shift(1, _at(9, 8), _at(9, 20))), ("P1 00:00-20:00",), ("20:00-24:00",)),
    ((_shift(1, _at(8, 20), _at(9, 8)), _shift(1, _at(9, 8), _at(10, 20))), ("P1",), ()),
])  # fmt: skip
def test_a_day_of_a_rota_says_who_is_on_call_and_when_nobody_is(
    shifts: tuple[ShiftView, ...], people: tuple[str, ...], gaps: tuple[str, ...]
) -> None:
    weeks = rota_of(shifts, (), zone="Asia/Kolkata", now=_at(7, 18), weeks=2)
    assert [day.day.day if day else None for day in weeks[0]] == [None] * 5 + [7, 8]
    monday = weeks[1][0]
    assert monday is not None
    assert (monday.day.day, monday.people, monday.gaps) == (9, people, gaps)


def test_of_today_only_what_is_to_come_is_a_gap_and_who_is_away_is_named() -> None:
    shifts = (_shift(1, _at(7, 0), _at(7, 12)), _shift(2, _at(7, 20), _at(9, 12)))
    away = AbsenceView(
        id=uuid4(), actor_id=UUID(int=2), actor="P2", deputy=None, starts_at=_at(8, 12), ends_at=_at(9, 0), is_now=False
    )
    ((*_, today, sunday), (monday, *_)) = rota_of(shifts, (away,), zone="Asia/Kolkata", now=_at(7, 18), weeks=2)
    assert today is not None
    assert sunday is not None
    assert monday is not None
    assert (today.people, today.gaps, today.away) == (("P2 20:00-24:00",), ("18:00-20:00",), ())
    assert (sunday.people, sunday.gaps, sunday.away) == (("P2",), (), ("P2",))
    assert (monday.gaps, monday.away) == (("12:00-24:00",), ())


def test_the_coming_weeks_are_a_picture_with_gaps_and_who_is_away(portal: Portal) -> None:
    lead, unit = portal.as_role("supervisor"), str(portal.unit)
    who, name = str(portal.people["counsellor"].actor_id), portal.people["counsellor"].name
    span = {"starts_at": local(portal, timedelta()), "ends_at": local(portal, timedelta(days=3))}
    assert "The coming weeks" not in lead.get("/on-call").text
    lead.post("/on-call/plan", data=command(unit_id=unit, actor_id=who, **span))
    page = lead.get("/on-call").text
    assert "The coming weeks" in page
    assert page.count('<td class="icmc-month--') == 23, "today, tomorrow, and three weeks"
    assert page.count('<td class="icmc-month--working"') == 3
    assert "times without anyone on call on 20 days, first on Tue 10 Mar" in page
    assert "plan someone else" not in page
    portal.as_role("counsellor").post("/absences", data=command(**span))
    assert f"{name} is on call on Sun 08 Mar and away then: plan someone else." in lead.get("/on-call").text
    assert "away then" not in portal.as_role("caseworker").get("/on-call").text, "who is away is for those who plan"
    (absence,) = portal.engine.ask(absences, portal.people["counsellor"])
    portal.as_role("counsellor").post(f"/absences/{absence.id}/end", data=command())
    (shift,) = portal.engine.ask(shifts_view, portal.people["supervisor"])
    lead.post(f"/on-call/{shift.id}/cancel", data=command())


def test_an_absence_is_noted_with_a_deputy_and_ended(portal: Portal) -> None:
    client = portal.as_role("lawyer")
    me, deputy = portal.people["lawyer"], portal.people["case_manager"]
    span = {"starts_at": local(portal, timedelta()), "ends_at": local(portal, timedelta(days=2))}
    own = client.post("/absences", data=command(deputy_id=str(me.actor_id), **span))
    assert own.status_code == 422
    assert "No one can be their own deputy." in own.text
    noted = client.post("/absences", data=command(deputy_id=str(deputy.actor_id), **span))
    assert "The absence was recorded." in noted.text
    (absence,) = portal.engine.ask(absences, me)
    assert (absence.actor, absence.deputy, absence.is_now) == (me.name, deputy.name, True)
    assert me.name not in portal.as_role("caseworker").get("/absences").text.split("Record an absence")[0]
    assert me.name in portal.as_role("supervisor").get("/absences").text
    assert "The absence is over." in client.post(f"/absences/{absence.id}/end", data=command()).text
    assert portal.engine.ask(absences, me) == ()


def test_whoever_is_in_conflict_with_a_case_sees_no_note_of_it(portal: Portal) -> None:
    case, _ = reported(portal)
    lead, page = portal.as_role("safeguarding_lead"), f"{case.page}/access"
    wrong = lead.post(f"{page}/recusals", data=command())
    assert wrong.status_code == 422
    assert "Choose either a person or a unit." in wrong.text
    assert "Choose a reason from the list." in wrong.text
    boss = portal.people["supervisor"]
    said = command(actor_id=str(boss.actor_id), reason_code="conflict_of_interest:named_in_case")
    noted = lead.post(f"{page}/recusals", data=said)
    assert "they receive no more messages about it" in noted.text
    assert boss.name in noted.text.partition("Must not see it")[2].partition("Deny someone")[0]
    assert portal.as_role("supervisor").get(page).status_code == 404
    assert portal.as_role("caseworker").get(page).status_code == 403
    counted = portal.as_role("auditor").get(page).text
    assert "Conflicts of interest on record: 1." in counted
    assert boss.name not in counted
    assert "onflict" not in lead.get(f"{case.page}/history").text
    (end,) = re.findall(r'action="(/cases/[^"]+/end)"', noted.text)
    assert "receive messages about this case again" in lead.post(end, data=command()).text
    assert (
        boss.name not in portal.as_role("supervisor").get(page).text.partition("Must not see it")[2].partition("<h2")[0]
    )


def test_work_is_offered_to_another_unit_and_answered_there_without_the_case(portal: Portal) -> None:
    case, _ = reported(portal)
    other, people = people_of(portal.engine, jurisdiction="IN-ML", label="Partner")
    portal.act(offer_referral, UUID(case.page.rpartition("/")[2]), by="case_manager", to_unit_id=other)
    client = TestClient(portal.app, base_url="http://127.0.0.1")
    client.post("/become", data={"actor_id": str(people["case_manager"].actor_id)})
    page = client.get("/referrals").text
    assert case.number in page
    assert "Offered to us (1)" in client.get("/transmit").text
    assert "waiting for an answer" in portal.as_role("case_manager").get("/transmit").text
    assert client.get(case.page).status_code == 404
    assert case.number not in portal.as_role("case_manager").get("/referrals").text
    address = re.search(r'action="(/referrals/[0-9a-f-]+)/accept"', page)
    assert client.post(f"{address.group(1)}/decline", data=command()).status_code == 422
    declined = client.post(f"{address.group(1)}/decline", data=command(reason_code="no_capacity"))
    assert "You declined." in declined.text
    again = client.post(f"{address.group(1)}/accept", data=command())
    assert again.status_code == 422
    assert portal.as_role("case_manager").post(f"{address.group(1)}/accept", data=command()).status_code == 404


def test_how_one_is_told_is_chosen_and_a_number_is_never_shown_again(portal: Portal) -> None:
    client = portal.as_role("counsellor")
    wrong = client.post("/preferences", data={"channels": "email", "quiet_from": "25:00", "digest": "daily"})
    assert wrong.status_code == 422
    assert "Write a time such as 21:30." in wrong.text
    good = {"channels": ["in_app", "email"], "digest": "daily", "quiet_from": "20:00", "quiet_until": "08:00"}
    assert "Your choices were saved." in client.post("/preferences", data=good).text
    page = client.get("/preferences").text
    assert 'value="20:00"' in page
    assert re.search(r'value="daily" checked', page)
    number = "+910000000000"
    kept = client.post("/preferences/contact", data={"channel": "sms", "address": number})
    assert "SMS: set" in kept.text
    assert number not in kept.text


def test_the_link_of_a_message_changes_nothing_until_the_button_is_pressed(portal: Portal) -> None:
    case, page = reported(portal)
    portal.let_time_pass(timedelta(hours=2))
    token, told = token_of(portal, case.number)
    stranger = portal.anybody().get(f"/a/{token}", follow_redirects=False)
    assert stranger.status_code == 303
    assert stranger.headers["location"].endswith(f"/a/{token}")
    client = portal.client_of(next(role for role, viewer in portal.people.items() if viewer.actor_id == told))
    seen = client.get(f"/a/{token}")
    assert "I have seen this" in seen.text
    assert case.number in seen.text
    assert "I have seen this" in client.get(f"/a/{token}").text
    done = client.post(f"/a/{token}", data={"command_id": hidden(seen.text, "command_id")})
    assert "It was recorded that you have seen this." in done.text
    assert "I have seen this" not in client.get(f"/a/{token}").text
    assert "I have seen this" not in client.get(page).text
    assert portal.as_role("counsellor").get(f"/a/{token}").status_code == 404
    assert client.get("/a/wrong").status_code == 404
    assert client.post("/a/wrong").status_code == 404


def test_signing_in_leads_back_to_the_link(portal: Portal) -> None:
    client = portal.anybody()
    asked = client.get("/a/some-token")
    assert 'name="next" value="/a/some-token"' in asked.text
    form = {"actor_id": str(portal.people["lawyer"].actor_id), "next": "/a/some-token"}
    answer = client.post("/become", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/a/some-token"


@pytest.mark.parametrize("page", ["/dead-letters", "/channels"])
def test_only_who_keeps_the_system_running_sees_its_way_out(portal: Portal, page: str) -> None:
    assert portal.as_role("system_administrator").get(page).status_code == 200
    assert portal.as_role("case_manager").get(page).status_code == 403


def test_an_address_of_a_gateway_is_never_shown_not_even_when_it_is_wrong(portal: Portal) -> None:
    strict = create_app(replace(portal.engine, gateways=AppriseGateways()))
    client = TestClient(strict, base_url="http://127.0.0.1")
    client.post("/become", data={"actor_id": str(portal.people["system_administrator"].actor_id)})
    organisation = portal.engine.ask(organisations, portal.people["system_administrator"])[0]
    form = {"organisation": organisation, "channel": "sms", "url": "json://secret@127.0.0.1/x", "rate": "60"}
    answer = client.post("/channels", data=form)
    assert answer.status_code == 422
    assert "This address cannot be used for sms" in answer.text
    assert "secret" not in answer.text
    kept = portal.as_role("system_administrator").post("/channels", data=form)
    assert "The channel was set up." in kept.text
    assert "60 messages a minute" in kept.text
    assert "secret" not in kept.text
    tried = client.post("/channels/disable", data=form)
    assert "Not in use" in tried.text


def test_the_board_tells_how_deadlines_fire_and_a_jump_is_confirmed(portal: Portal) -> None:
    client = portal.as_role("system_administrator")
    assert "How deadlines fire" in client.get("/board").text
    assert "The clock was confirmed" in client.post("/firing/confirm").text
    assert "tried again" in client.post("/firing/retry").text
    assert portal.as_role("case_manager").post("/firing/confirm").status_code == 403


def token_of(portal: Portal, number: str) -> tuple[str, UUID]:
    """Return the link that one message of a case carries, and whom it was sent to."""
    with portal.engine.reader._engine.connect() as connection:
        case, message = TABLES["case"], TABLES["message"]
        row = connection.execute(
            select(message.c.id, message.c.recipient_id)
            .join(case, case.c.id == message.c.case_id)
            .where(case.c.number == number, message.c.link_hash.is_not(None))
        ).first()
    return token_of_link(portal.engine, row[0]), row[1]
