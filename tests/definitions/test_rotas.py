"""Who is on call comes from a rota that two people of the unit agree to; what is entered for tonight goes before it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from engine.approvals.records import NoSecondPersonError
from engine.approvals.views import waiting
from engine.definitions.actions.drafts import open_draft, roll_back
from engine.definitions.actions.proposals import propose_definition, propose_files
from engine.definitions.actions.publish import lint_source
from engine.definitions.views import versions
from engine.errors import NotAllowedError, NotFoundError
from engine.language.findings import DefinitionError
from engine.people.actions.manage import deactivate, take
from engine.people.actions.roles import AskedRole
from engine.people.records import ShiftView
from engine.people.store import DirectoryStore, DutyStore
from engine.people.views import shifts
from engine.rehearsal.world import people_of
from tests.definitions.test_studio import losses, sentences
from tests.kit.portal import Portal, agree
from tests.kit.trial import LADDER

pytestmark = pytest.mark.long

NIGHTS = {
    "action": "add-turn",
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "from": "18:00",
    "until": "08:00",
}


@pytest.fixture(autouse=True)
def none_is_left(portal: Portal) -> Iterator[None]:
    yield
    portal.rows("DELETE FROM definition_draft WHERE kind = 'rota'")
    portal.rows("DELETE FROM approval_request WHERE kind = 'definition' AND answered_at IS NULL")
    portal.rows("DELETE FROM definition_version WHERE kind = 'rota'")
    portal.rows("DELETE FROM shift")


def address(portal: Portal, role: str) -> str:
    return str(portal.rows("SELECT email FROM actor WHERE id = :id", id=portal.people[role].actor_id)[0]["email"])


def text_of(portal: Portal, *roles: str, begins: str = "2026-03-02", swaps: str = "") -> str:
    who = ", ".join(address(portal, role) for role in roles)
    turn = f"turns:\n  - {{days: [mon, tue, wed, thu, fri, sat, sun], from: 18:00, until: 08:00, who: [{who}]}}\n"
    return f"rota: {portal.unit}\nbegins: {begins}\n{turn if roles else ''}{swaps}"


def publish(portal: Portal, source: str) -> str:
    done = propose_definition(portal.engine, source=source, viewer=portal.people["supervisor"])
    agree(portal, by="case_manager")
    return done.content_hash


def at(day: int, hour: int) -> datetime:
    """Return an instant of March 2026 by the clock of Kolkata; the 7th, when tests begin, is a Saturday."""
    return datetime(2026, 3, day, hour, tzinfo=ZoneInfo("Asia/Kolkata"))


def on_call(portal: Portal, when: datetime) -> list[str]:
    with portal.engine.transaction() as tx:
        found = tx.of(DutyStore).on_call(portal.unit, at=when)
    roles = {viewer.actor_id: role for role, viewer in portal.people.items()}
    return [roles[one.actor_id] for one in found]


def coming(portal: Portal) -> tuple[ShiftView, ...]:
    return portal.engine.ask(shifts, portal.people["caseworker"])


def test_a_rota_is_made_by_forms_agreed_to_by_another_and_answers_who_is_on_call(portal: Portal) -> None:
    lead, here = portal.as_role("supervisor"), f"/definitions/rota/{portal.unit}/draft"
    assert f'href="{here}"' in lead.get("/on-call").text
    assert "There is none: only single shifts" in lead.get(here).text
    first, second, third = (address(portal, role) for role in ("caseworker", "counsellor", "lawyer"))
    wrong = lead.post(here, data=NIGHTS | {"days": [], "from": "6", "who": ["", third]}).text
    assert f'<option value="{third}" selected>' in wrong, "what was typed stays"
    wrong += lead.post(here, data=NIGHTS | {"who": ["", ""]}).text
    for said in ("Choose at least one day.", "Write a time such as 18:00.", "Choose a person."):
        assert said in wrong
    lead.post(here, data=NIGHTS | {"who": [first, second, ""]})
    lead.post(here, data={"action": "begins", "begins": "2026-03-02"})
    page = lead.post(here, data={"action": "add-swap", "on": "2026-03-10", "swap-who": third}).text
    names = [portal.people[role].name for role in ("caseworker", "counsellor", "lawyer")]
    assert f"Every day from 18:00 to 08:00, {names[0]}, then {names[1]} is on call: this is new." in sentences(page)
    assert f"On 10 March 2026, {names[2]} stands in." in sentences(page)
    assert "Every day from 08:00 to 18:00, no one is on call." in page
    assert page.count(f'<span class="icmc-month__name">{names[2]} ') == 2, (
        "the evening of the 10th, and the morning after"
    )
    assert "@" not in page.partition("<textarea")[0].partition("Turns of the week")[0], (
        "people are called by their names"
    )
    assert on_call(portal, at(9, 20)) == [], "nothing holds by a draft"
    asked = lead.post(here, data={"action": "propose"})
    assert "waiting for a second person" in asked.text
    assert lead.post(asked.url.path, data={"answer": "yes"}).status_code == 403
    (line,) = portal.engine.ask(waiting, portal.people["case_manager"])
    assert line.about == "Who is on call: 2 changes.", "without names"
    assert names[2] in portal.as_role("case_manager").get(asked.url.path).text
    agree(portal, by="case_manager")
    told = [
        on_call(portal, when) for when in (at(8, 20), at(9, 17), at(9, 18), at(10, 7), at(10, 8), at(11, 7), at(11, 20))
    ]
    assert told == [["caseworker"], [], ["counsellor"], ["counsellor"], [], ["lawyer"], ["counsellor"]]
    shown = portal.as_role("caseworker").get("/on-call").text
    assert f"<strong>{names[0]}</strong> is on call until" in shown
    assert "by the rota" in shown
    assert "Change the rota" not in shown
    assert f"<strong>{names[0]}</strong>" in portal.as_role("counsellor").get("/worklist").text


def test_a_single_shift_and_a_hand_over_hold_at_once_and_end_where_the_rota_goes_on(portal: Portal) -> None:
    publish(portal, text_of(portal, "caseworker"))
    lead, unit = portal.as_role("supervisor"), str(portal.unit)
    plan = {"command_id": str(uuid4()), "unit_id": unit, "actor_id": str(portal.people["lawyer"].actor_id)}
    lead.post("/on-call/plan", data=plan | {"starts_at": "2026-03-08T22:00", "ends_at": "2026-03-09T02:00"})
    assert [on_call(portal, at(8, hour)) for hour in (20, 22)] == [["caseworker"], ["lawyer"]]
    assert [on_call(portal, at(9, hour)) for hour in (1, 2, 9)] == [["lawyer"], ["caseworker"], []]
    night = [(one.actor, one.starts_at, one.ends_at) for one in coming(portal)[1:4]]
    who = portal.people["caseworker"].name
    assert night == [
        (who, at(8, 18), at(8, 22)), (portal.people["lawyer"].name, at(8, 22), at(9, 2)), (who, at(9, 2), at(9, 8))
    ]  # fmt: skip
    given = {"command_id": str(uuid4()), "unit_id": unit, "to": str(portal.people["counsellor"].actor_id)}
    done = portal.as_role("caseworker").post("/on-call/hand-over", data=given).text
    assert "Both people were notified" in done
    now = portal.engine.clock.now()
    assert [on_call(portal, when) for when in (now, at(8, 7), at(8, 8), at(8, 18))] == [
        ["counsellor"], ["counsellor"], [], ["caseworker"]
    ]  # fmt: skip
    taken = re.findall(r'action="(/on-call/[0-9a-f-]{36}/cancel)"', lead.get("/on-call").text)
    assert len(taken) == 2, "what the rota makes is not called off one by one"
    lead.post(taken[0], data={"command_id": str(uuid4())})
    assert on_call(portal, now) == ["caseworker"], "without the hand-over it is the turn of whom the rota names"


def test_a_version_holds_from_its_day_on_and_going_back_brings_the_first_hash(portal: Portal) -> None:
    first = publish(portal, text_of(portal, "caseworker"))
    later = text_of(portal, "counsellor", begins="2026-03-10").replace("mon, tue, wed", "mon, tue")
    publish(portal, later)
    assert [on_call(portal, at(day, 20)) for day in (9, 10, 11)] == [["caseworker"], ["counsellor"], []]
    lead = portal.as_role("supervisor")
    page = lead.get(f"/definitions/rota/{portal.unit}/versions").text
    assert str(portal.unit) not in page.partition("</title>")[0]
    was, becomes = (portal.people[role].name for role in ("caseworker", "counsellor"))
    assert losses(page) == [f"On Wednesday from 18:00 to 08:00, no one is on call any more: it was {was}."]
    assert f"from 18:00 to 08:00, {was} is replaced by {becomes}." in page
    assert "It holds from 10 March 2026 instead of 2 March 2026." in page
    assert portal.as_role("case_manager").get(f"/definitions/rota/{portal.unit}/versions").status_code == 403
    asked = lead.post(f"/definitions/rota/{portal.unit}/versions", data={"version": "1"})
    assert asked.url.path.startswith("/waiting/")
    agree(portal, by="case_manager")
    known = portal.engine.ask_all(versions, "rota", str(portal.unit))
    assert [(one.version, one.status) for one in known] == [(3, "published"), (2, "retired"), (1, "retired")]
    assert known[0].content_hash == known[2].content_hash == first
    assert known[0].approver == portal.people["case_manager"].name
    assert [on_call(portal, at(day, 20)) for day in (9, 10, 11)] == [["caseworker"]] * 3
    publish(portal, text_of(portal, begins="2026-03-12"))
    assert [on_call(portal, at(day, 20)) for day in (11, 12)] == [["caseworker"], []], "retired from the 12th on"


def test_the_weeks_of_a_draft_show_what_holds_until_its_day(portal: Portal) -> None:
    publish(portal, text_of(portal, "caseworker"))
    later = text_of(portal, "counsellor", begins="2026-03-16")
    here = f"/definitions/rota/{portal.unit}/draft"
    page = portal.as_role("supervisor").post(here, data={"action": "text", "source": later}).text
    counts = [page.count(f'__name">{portal.people[role].name} ') for role in ("caseworker", "counsellor")]
    assert counts[0] > 10, "until the 16th"
    assert counts[1] > 10, "from then on"


def test_who_has_left_the_unit_sees_no_more_of_the_rota_that_they_proposed(portal: Portal) -> None:
    done = propose_definition(
        portal.engine, source=text_of(portal, "caseworker"), viewer=portal.people["nodal_officer"]
    )
    here, who = f"/waiting/{done.waits_for}", portal.people["nodal_officer"].actor_id
    assert portal.as_role("nodal_officer").get(here).status_code == 200
    portal.rows("DELETE FROM membership WHERE actor_id = :id", id=who)
    try:
        assert portal.as_role("nodal_officer").get(here).status_code == 404
    finally:
        with portal.engine.transaction() as tx:
            tx.of(DirectoryStore).add_role(who, unit_id=portal.unit, role="nodal_officer")
            tx.commit()


def test_a_rota_and_the_names_in_it_stay_in_its_unit(portal: Portal) -> None:
    other, people = people_of(portal.engine, jurisdiction="IN-ML", label="Other")
    strange = TestClient(portal.app, base_url="http://127.0.0.1")
    strange.post("/become", data={"actor_id": str(people["supervisor"].actor_id)})
    publish(portal, text_of(portal, "caseworker"))
    here = f"/definitions/rota/{portal.unit}"
    for page in (f"{here}/draft", f"{here}/versions"):
        assert strange.get(page).status_code == 404
        assert strange.post(page, data={"action": "text", "source": "x", "version": "1"}).status_code == 404
    assert portal.people["caseworker"].name not in strange.get("/on-call").text
    assert portal.as_role("caseworker").get(f"{here}/draft").status_code == 403
    with pytest.raises(NotFoundError):
        propose_definition(portal.engine, source=text_of(portal, "lawyer"), viewer=people["supervisor"])
    with pytest.raises(NotAllowedError):
        propose_definition(portal.engine, source=text_of(portal, "lawyer"), viewer=portal.people["case_manager"])
    with pytest.raises(NotFoundError):
        roll_back(portal.engine, "rota", str(portal.unit), 1, viewer=people["supervisor"])
    own = f"/definitions/rota/{other}/draft"
    told = strange.post(own, data={"action": "text", "source": text_of(portal, "lawyer", "caseworker")}).text
    assert "A rota belongs to one unit" in told
    assert portal.people["lawyer"].name not in told
    guessed = text_of(portal, "lawyer").replace(str(portal.unit), str(other))
    told = strange.post(own, data={"action": "text", "source": guessed}).text
    assert "does not act in this unit" in told
    assert address(portal, "caseworker") not in told
    assert {one.code for one in lint_source(portal.engine, text_of(portal, "lawyer"))} == {"rota-gap"}
    fine = guessed.replace(address(portal, "lawyer"), f"lawyer.{other.hex[:12]}@example.org")
    done = propose_definition(portal.engine, source=fine, viewer=people["supervisor"])
    assert done.people
    assert portal.engine.ask(waiting, people["case_manager"])
    assert not portal.engine.ask(waiting, portal.people["case_manager"]), "those of the hub do not see it either"
    assert portal.as_role("case_manager").get(f"/waiting/{done.waits_for}").status_code == 404
    portal.rows("DELETE FROM approval_request WHERE id = :id", id=done.waits_for)
    portal.rows("DELETE FROM membership WHERE unit_id = :unit AND role <> 'supervisor'", unit=other)
    mine = fine.replace("lawyer.", "supervisor.")
    with pytest.raises(NoSecondPersonError):
        propose_definition(portal.engine, source=mine, viewer=people["supervisor"])


def test_a_rota_is_proposed_alone_and_only_with_people_of_its_unit(portal: Portal) -> None:
    lead, source = portal.people["nodal_officer"], text_of(portal, "caseworker")
    with pytest.raises(DefinitionError, match="A rota belongs to one unit"):
        propose_files(portal.engine, {"rota.yaml": source, "ladder.yaml": LADDER}, viewer=lead)
    wrong = source.replace("caseworker.", "caseworkr.")
    with pytest.raises(DefinitionError, match="does not act in this unit"):
        propose_definition(portal.engine, source=wrong, viewer=lead)
    shouted = text_of(portal, "caseworker").replace("caseworker.", "CaseWorker.")
    assert not [one for one in open_findings(portal, shouted) if one != "rota-gap"]


def open_findings(portal: Portal, source: str) -> list[str]:
    portal.as_role("nodal_officer").post(
        f"/definitions/rota/{portal.unit}/draft", data={"action": "text", "source": source}
    )
    draft = open_draft(portal.engine, "rota", str(portal.unit), viewer=portal.people["nodal_officer"])
    return [one.code for one in draft.findings]


def test_turns_of_somebody_who_leaves_are_gaps_of_which_the_leads_are_told(portal: Portal) -> None:
    publish(portal, text_of(portal, "finance_officer"))
    assert on_call(portal, at(9, 20)) == ["finance_officer"]
    link = "SELECT id FROM message WHERE link = '/on-call' AND recipient_id = :id"
    lead: UUID = portal.people["supervisor"].actor_id
    before = len(portal.rows(link, id=lead))
    who = portal.people["finance_officer"].actor_id
    with portal.engine.transaction() as tx:
        take(portal.engine, tx, AskedRole(who, portal.unit, "finance_officer"), by=None, now=portal.engine.clock.now())
        assert tx.of(DutyStore).on_call(portal.unit, at=at(9, 20)) == ()
    deactivate(portal.engine, who, viewer=portal.people["system_administrator"])
    assert on_call(portal, at(9, 20)) == []
    assert len(portal.rows(link, id=lead)) > before
    assert coming(portal) == ()
    portal.rows("UPDATE actor SET disabled = false WHERE id = :id", id=who)
    assert coming(portal)[0].starts_at - portal.engine.clock.now() < timedelta(days=1)
