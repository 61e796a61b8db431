"""Consents, what is sent on them, the page of a partner without an account, and matches with other units."""

import html
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.course.actions.steer import add_step, identify_person
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, close_batch, dispatchable
from engine.persons.actions.matches import find_matches
from engine.rehearsal.world import people_of
from engine.sharing.pages.partners import COOKIE
from engine.sharing.store import ConsentStore, ReferralStore
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.portal import ORIGIN, Portal, Reported, report_case

pytestmark = pytest.mark.long

NAME, PHONE = "Rahima Khatun", "+91 364 222 1000"


def command(**more: object) -> dict[str, object]:
    return {"command_id": str(uuid4()), **more}


def test_a_partner_without_an_account_is_shown_what_was_agreed_until_it_is_taken_back(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    assert "What was sent" in lead.get(f"{case.page}/sharing").text
    wrong = lead.post(f"{case.page}/consents", data=command())
    assert wrong.status_code == 422
    assert "Choose a person." in wrong.text
    agree(portal, lead, case, recipients=["kind:shelter"])
    assert "Any" not in lead.get(f"{case.page}/consents").text.split("Record a consent")[0]
    form = send_form(lead, case, to="outside", to_name="House of Hope", to_kind="shelter")
    assert lead.post(f"{case.page}/send", data=form | {"basis": ""}).status_code == 422
    sent = lead.post(f"{case.page}/send", data=form)
    assert "House of Hope" in sent.text
    assert "Name and other names" in sent.text
    address = re.search(r'action="(/cases/[0-9a-f-]+/sent/[0-9a-f-]+/link)"', sent.text)
    made = lead.post(address.group(1), data=command(days="3"))
    token = re.search(r"/p/([\w-]+)", made.text)
    code = re.search(r"<strong>(\d{6})</strong>", made.text)
    partner = TestClient(portal.app, base_url=ORIGIN)
    page = f"/p/{token.group(1)}"
    asked, nothing = partner.get(page), partner.get("/p/no-such-link")
    assert asked.text.replace(token.group(1), "") == nothing.text.replace("no-such-link", "")
    refused = partner.post(page, data={"code": "12"})
    assert refused.status_code == 403
    assert refused.text.replace(token.group(1), "") == partner.post(
        "/p/no-such-link", data={"code": code.group(1)}
    ).text.replace("no-such-link", "")
    opened = partner.post(page, data={"code": code.group(1)})
    assert "You are asked for your help" in opened.text
    assert NAME not in opened.text
    assert opened.headers["referrer-policy"] == "no-referrer"
    assert partner.post(f"{page}/decline", data={"reason_code": ""}).status_code == 422
    unrung = partner.post(f"{page}/accept", data={"phone": "call me"})
    assert (unrung.status_code, NAME in unrung.text) == (422, False)
    assert "Give a telephone number, in digits." in unrung.text
    assert 'value="call me"' in unrung.text
    assert PHONE not in lead.get(f"{case.page}/sent").text
    assert NAME in partner.post(f"{page}/accept", data={"phone": PHONE}).text
    assert f"<dt>Number to ring</dt><dd>{PHONE}</dd>" in lead.get(f"{case.page}/sent").text
    assert "Safe place: is it given?" in lead.get("/worklist").text
    assert NAME not in TestClient(portal.app, base_url=ORIGIN).get(page).text
    assert "used 7 times" in lead.get(f"{case.page}/sent").text
    withdraw = re.search(
        r'action="(/cases/[0-9a-f-]+/consents/[0-9a-f-]+/withdraw)"', lead.get(f"{case.page}/consents").text
    )
    assert "whoever received it is notified" in lead.post(withdraw.group(1), data=command()).text
    gone = partner.get(page)
    assert NAME not in gone.text
    assert "Enter your code" in gone.text
    assert partner.cookies.get(COOKIE)


def test_another_unit_is_asked_sees_the_purpose_and_then_what_was_agreed_and_two_release_a_place(
    portal: Portal,
) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    other, people = people_of(portal.engine, jurisdiction="IN-MN", label="Far")
    theirs = signed_in(portal, people["caseworker"])
    agree(portal, lead, case, recipients=[f"unit:{other}"], parts=["name", "home_address"])
    form = send_form(lead, case, to=str(other), parts=["name", "home_address"], note="Knock twice.")
    held = lead.post(f"{case.page}/send", data=form)
    assert "Waiting to be released" in held.text
    assert "I release this" not in held.text, "whoever asked has released it once already"
    assert case.number not in theirs.get("/referrals").text
    second = portal.as_role("supervisor")
    address = re.search(r'action="(/cases/[0-9a-f-]+/sent/[0-9a-f-]+)/release"', second.get(f"{case.page}/sent").text)
    assert lead.post(f"{address.group(1)}/release", data=command()).status_code == 422
    assert "the request was sent." in second.post(f"{address.group(1)}/release", data=command()).text
    offered = theirs.get("/referrals").text
    assert "a safe place to stay" in offered
    assert NAME not in offered
    assert theirs.get(case.page).status_code == 404
    mine = theirs.get("/worklist").text
    assert "From other units (1)" in mine
    assert re.search(rf'href="/referrals"><strong>A safe place to stay.*, case {case.number}: answer due .*in ', mine)
    assert "From other units" not in signed_in(portal, people["finance_officer"]).get("/worklist").text, (
        "may not answer"
    )
    accept = re.search(r'action="(/referrals/[0-9a-f-]+/accept)"', offered)
    theirs.post(accept.group(1), data=command())
    assert theirs.get(case.page).status_code == 200
    taken = re.search(r'href="(/referrals/[0-9a-f-]+)"', theirs.get("/referrals").text)
    assert "Knock twice." in theirs.get(taken.group(1)).text
    assert f'href="{taken.group(1)}"><strong>A safe place to stay' in theirs.get("/worklist").text, "their task now"
    assert lead.get(taken.group(1)).status_code == 404
    assert theirs.get(f"{case.page}/sent").status_code == 404, "what else was sent is not theirs to see"
    assert theirs.get(f"{case.page}/consents").status_code == 404
    assert "Recall this" in lead.get(f"{case.page}/sent").text
    lead.post(f"{address.group(1)}/recall", data=command())
    assert theirs.get(case.page).status_code == 404
    assert theirs.get(taken.group(1)).status_code == 404


def test_help_that_was_accepted_is_work_of_those_who_give_it_until_they_say_that_it_is_given(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    other, people = people_of(portal.engine, jurisdiction="IN-MN", label="Far")
    theirs = signed_in(portal, people["caseworker"])
    agree(portal, lead, case, recipients=[f"unit:{other}"])
    lead.post(f"{case.page}/send", data=send_form(lead, case, to=str(other)))
    accept = re.search(r'action="(/referrals/[0-9a-f-]+)/accept"', theirs.get("/referrals").text)
    address = accept.group(1)
    assert theirs.post(f"{address}/done", data=command()).status_code == 409, "it was not accepted yet"
    theirs.post(f"{address}/accept", data=command())
    assert "Our help is given" in theirs.get(address).text
    assert lead.post(f"{address}/done", data=command()).status_code == 404, "whoever asked cannot say it for them"
    once = command()
    for _ in range(2):
        assert "sees no more of this case" in theirs.post(f"{address}/done", data=once).text
    assert "From other units" not in theirs.get("/worklist").text
    assert theirs.get(case.page).status_code == 404, "what was shared for it is seen no more"
    assert theirs.post(f"{address}/done", data=command()).status_code == 409
    assert "the help is given, they say" in lead.get(f"{case.page}/sent").text
    assert "its help is given" in lead.get(f"{case.page}/history").text
    told = portal.rows("SELECT key FROM message WHERE kind = 'answered' AND recipient_id = :id",
        id=portal.people["case_manager"].actor_id,
    )  # fmt: skip
    assert len([row for row in told if "|ended|" in row["key"]]) > 0, "and who asked is told a second time"


def test_offers_are_shown_page_by_page_and_so_is_what_was_answered(portal: Portal) -> None:
    lead = portal.as_role("case_manager")
    other, people = people_of(portal.engine, jurisdiction="IN-MN", label="Far")
    theirs = signed_in(portal, people["caseworker"])
    for number in range(13):
        case = known_case(portal, name=f"Zulekha {number}", phone=f"+91 98640 777{number:02}")
        agree(portal, lead, case, recipients=[f"unit:{other}"])
        assert lead.post(f"{case.page}/send", data=send_form(lead, case, to=str(other))).status_code == 200
    waiting = pages_from(theirs, "/referrals", r'action="(/referrals/[0-9a-f-]+)/accept"')
    assert [len(one) for one in waiting] == [5, 5, 3]
    asked = [one for some in waiting for one in some]
    assert len(set(asked)) == 13
    for address in asked:
        assert theirs.post(f"{address}/accept", data=command()).status_code == 200
    answered = pages_from(theirs, "/referrals", r'href="(/referrals/[0-9a-f-]+)"')
    assert [len(one) for one in answered] == [12, 1]
    assert {one for some in answered for one in some} == set(asked)
    assert theirs.get("/referrals?page=0").status_code == 404
    assert "Nothing is waiting for your answer." in theirs.get("/referrals?page=99").text


def pages_from(client: TestClient, address: str, pattern: str) -> list[list[str]]:
    """Go from a page to its next ones by their links, and back by those; returns what each shows."""
    found, seen = [], []
    following = address
    while following:
        page = client.get(following).text
        found.append(re.findall(pattern, page))
        seen.append(following)
        link = re.search(r'rel="next" href="([^"]+)"', page)
        following = html.unescape(link[1]) if link else ""
    for place in range(len(seen) - 1, 0, -1):
        back = re.search(r'rel="prev" href="([^"]+)"', client.get(seen[place]).text)
        assert back, seen[place]
        assert re.findall(pattern, client.get(html.unescape(back[1])).text) == found[place - 1]
    return found


def test_a_critical_offer_that_nobody_answers_goes_to_the_next_unit_without_anything_of_the_person(
    portal: Portal,
) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    first, _ = people_of(portal.engine, jurisdiction="IN-MZ", label="Silent")
    second, people = people_of(portal.engine, jurisdiction="IN-MZ", label="Speaking")
    agree(portal, lead, case, recipients=[f"unit:{first}"])
    lead.post(f"{case.page}/send", data=send_form(lead, case, to=str(first), urgency="critical"))
    portal.let_time_pass(timedelta(hours=4))
    asked, offered = portal.of(ReferralStore).of_case(UUID(case.page.rpartition("/")[2]))
    assert (offered.to_unit_id, offered.fields, offered.consent_id) == (second, (), None)
    assert (offered.purpose, offered.urgency, offered.after_id) == ("shelter", "critical", asked.id)
    theirs = signed_in(portal, people["partnership_manager"])
    accept = re.search(r'action="(/referrals/[0-9a-f-]+/accept)"', theirs.get("/referrals").text)
    theirs.post(accept.group(1), data=command())
    assert theirs.get(case.page).status_code == 404, "nothing was shared with them yet"
    shown = lead.get(f"{case.page}/sent").text
    assert "another unit accepted first" in shown
    assert portal.of(CaseStore).read(offered.case_id).steps[offered.answer_step_id].outputs == {"answer": "accepted"}


def test_adding_a_person_answers_the_same_whether_another_unit_knows_them_or_not(portal: Portal) -> None:
    """Paired requests over HTTP: status, length and words are the same for a hit and a miss."""
    _, people = people_of(portal.engine, jurisdiction="IN-TR", label="Near")
    worker = portal.as_role("caseworker")
    known = known_case(portal, name="Sabina Begum", phone="+91 90000 11111", viewer=people["caseworker"],
                       unit=people["caseworker"].unit_ids[0])  # fmt: skip
    seen = []
    for name, phone in (("Sabina Begum", "+91 90000 11111"), ("Maloti Rabha", "+91 90000 22222")):
        case = known_case(portal, name=name, phone=phone)
        find_matches(portal.engine)
        pages = [worker.get(f"{case.page}{rest}") for rest in ("", "/history")]
        seen.append([(page.status_code, plain(page.text, case)) for page in pages])
        assert worker.get("/matches").status_code == 403
    assert seen[0] == seen[1]
    assert "Unit IN-TR (Near)" not in portal.as_role("supervisor").get("/matches").text
    near = TestClient(portal.app, base_url=ORIGIN, raise_server_exceptions=False)
    near.post("/become", data={"actor_id": str(people["supervisor"].actor_id)}, follow_redirects=False)
    asked = near.get("/matches").text
    assert "Demo" in asked
    assert known.number in asked
    seen_address = re.search(r'action="(/matches/[0-9a-f-]+/seen)"', asked)
    answer = re.search(r'action="(/matches/[0-9a-f-]+/answer)"', asked)
    assert "It was recorded that you have seen this." in near.post(seen_address.group(1)).text
    assert "Your answer was recorded." in near.post(answer.group(1), data={"answer": "yes"}).text
    assert near.post(answer.group(1), data={"answer": "no"}).status_code == 422
    told = portal.as_role("supervisor").get("/matches").text
    assert "Unit IN-TR (Near)" in told
    assert known.number not in told


def test_a_consent_that_a_step_asked_for_is_in_the_ledger_and_ends_when_the_step_says_so(portal: Portal) -> None:
    case = known_case(portal)
    case_id, lead = UUID(case.page.rpartition("/")[2]), portal.people["case_manager"]
    portal.act(add_step, case_id, by=lead, uses="protection.consent")
    answers = {
        "person": "the child", "kind": "guardian", "purpose": ["shelter"], "recipients": ["shelter"],
        "fields_covered": ["name", "language"], "valid_until": "2026-09-01", "language": "as", "read_aloud": True,
        "signed": "thumb print",
    }  # fmt: skip
    item = next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == "protection.consent")
    portal.act(complete_work_item, item.id, by=lead, revision=item.revision, answers=answers)
    do_jobs(portal)
    page = portal.as_role("case_manager").get(f"{case.page}/consents").text
    assert "The guardian, for a child; the child was not asked" in page
    assert "Name and other names" in page
    assert "Tue 01 Sep 2026, 23:59" in page
    [kept] = portal.of(ConsentStore).of_case(case_id)
    assert (kept.step_id, kept.recipients, kept.recorded_by) == (item.step_id, ("kind:shelter",), lead.actor_id)
    assert (
        "It was recorded what may be shared about a person."
        in portal.as_role("case_manager").get(f"{case.page}/history").text
    )


def do_jobs(portal: Portal) -> None:
    while batches := dispatchable(portal.engine, limit=50):
        for batch in batches:
            while not close_batch(portal.engine, batch_id=batch.id):
                for job in claim_jobs(portal.engine, batch_id=batch.id, worker="test", limit=100):
                    run_job(portal.engine, job, flow_run_id=None, task_run_id=None, done_by="fallback")


def known_case(
    portal: Portal, *, name: str = NAME, phone: str = "+91 98640 12345", viewer: Viewer | None = None,
    unit: UUID | None = None,
) -> Reported:  # fmt: skip
    """Report a case of a person whose name is known."""
    client = signed_in(portal, viewer) if viewer else portal.as_role("caseworker")
    case = report_case(client)
    case_id = UUID(case.page.rpartition("/")[2])
    state = portal.of(CaseStore).read(case_id)
    assert unit is None or state.case.unit_id == unit
    portal.act(identify_person, state.persons[0].person_id, case_id=case_id, by=viewer or portal.people["caseworker"],
        identity={"name": name, "phone": phone},
    )  # fmt: skip
    return case


def agree(
    portal: Portal, client: TestClient, case: Reported, *, recipients: list[str], parts: list[str] | None = None
) -> None:
    page = client.get(f"{case.page}/consents").text
    person = re.search(r'name="person_id" type="radio" value="([0-9a-f-]+)"', page)
    until = (portal.clock.now() + timedelta(days=90)).date().isoformat()
    form = command(
        person_id=person.group(1), kind="guardian", assent="yes", purposes=["shelter"], recipients=recipients,
        parts=parts or ["name"], valid_until=until, language="as", read_aloud="yes",
    )  # fmt: skip
    saved = client.post(f"{case.page}/consents", data=form)
    assert "The consent was recorded." in saved.text
    assert "the child agrees too" in saved.text


def send_form(client: TestClient, case: Reported, **changes: object) -> dict[str, object]:
    basis = re.search(r'<option value="(consent:[0-9a-f-]+)"', client.get(f"{case.page}/send").text)
    return command(
        kind="referral", purpose="shelter", help="safe_place", urgency="high", basis=basis.group(1), parts=["name"],
        keep_days="0",
    ) | changes  # fmt: skip


def signed_in(portal: Portal, viewer: Viewer) -> TestClient:
    client = TestClient(portal.app, base_url=ORIGIN, raise_server_exceptions=False)
    client.post("/become", data={"actor_id": str(viewer.actor_id)})
    return client


def plain(page: str, case: Reported) -> list[str]:
    """Leave out what differs between any two cases: ids, the number, and the order of what falls due together."""
    return sorted(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", page).replace(case.number, "NUMBER").splitlines())
