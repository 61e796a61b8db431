"""The list of cases: asked by what its lines say, in pages, and come back to from a case."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient

from engine.cases.actions.filters import save_filter
from engine.cases.views.lists import saved_filters
from engine.errors import InvalidAnswersError
from engine.messages.actions.channels import preference_of, save_preference
from engine.overview.pages.list_of_cases import PAGE
from engine.web.security import LIST_COOKIE
from tests.kit.portal import Portal, report_case

pytestmark = pytest.mark.long

_BACK = re.compile(r'<a href="([^"]*)" class="govuk-back-link">Cases</a>')
_LINE = re.compile(r'<td><a class="govuk-link" href="/cases/[0-9a-f-]+"><strong>(C-[\w-]+)</strong>')


def _listed(client: TestClient, **asked: str) -> list[str]:
    answer = client.get("/cases", params=asked)
    assert answer.status_code == 200
    return _LINE.findall(answer.text)


def _back_of(client: TestClient, page: str) -> str:
    found = _BACK.search(client.get(page).text)
    assert found
    return unescape(found[1])


def test_cases_are_asked_by_what_they_are_about_whom_they_wait_for_and_when_they_began(portal: Portal) -> None:
    client, reporter = portal.as_role("case_manager"), portal.as_role("intake_officer")
    first = report_case(reporter)
    portal.let_time_pass(timedelta(days=2))
    late, since = f"{portal.clock.now():%Y-%m-%d}", {"about": "forced_labour"}
    second = report_case(reporter)
    assert set(_listed(client)) >= {first.number, second.number}
    assert set(_listed(client, **since)) >= {first.number, second.number}
    assert _listed(client, about="organ_removal") == []
    assert first.number not in _listed(client, since=late)
    assert second.number in _listed(client, since=late)
    assert (first.number in _listed(client, late="yes"), second.number in _listed(client, late="yes")) == (True, False)
    assert (first.number in _listed(client, late="no"), second.number in _listed(client, late="no")) == (False, True)
    worker = portal.people["intake_officer"].actor_id
    assert second.number in _listed(client, waits=str(worker))
    assert second.number not in _listed(client, waits="intake_officer")
    assert reporter.post(f"{second.item}/release", follow_redirects=False).status_code == 303
    assert second.number not in _listed(client, waits=str(worker))
    assert second.number in _listed(client, waits="intake_officer")
    assert second.number in _listed(client, place="IN-AS")
    assert _listed(client, place="NP") == []
    assert _listed(client, number=second.number[:6], late="no") == [second.number]
    assert _listed(client, number=second.number[:6], late="yes") == []


def test_a_filter_is_saved_opened_again_on_another_device_and_deleted_by_its_owner_alone(portal: Portal) -> None:
    case, second = report_case(portal.as_role("intake_officer")), portal.as_role("case_manager")
    asked = {"about": "forced_labour", "late": "no", "status": "all"}
    done = portal.as_role("case_manager").post("/filters", data=asked | {"name": "Labour <b> & more"})
    assert "The filter was saved." in done.text
    page = second.get("/cases").text
    assert "Labour &lt;b&gt; &amp; more" in page, "theirs on each device"
    address = unescape(re.search(r'href="(/cases\?about=[^"]+)"', page)[1])
    opened = second.get(address).text
    assert case.number in opened
    for chosen in ("forced_labour", "no", "all"):
        assert f'<option value="{chosen}" selected>' in opened
    other = portal.as_role("supervisor")
    assert "Labour" not in other.get("/cases").text
    delete = re.search(r'action="(/filters/[0-9a-f-]+/delete)"', page)[1]
    assert other.post(delete).status_code == 404
    kept = portal.rows("SELECT encrypted_filters AS sealed FROM preference WHERE encrypted_filters IS NOT NULL")
    assert kept
    assert not [row for row in kept if b"Labour" in bytes(row["sealed"]) or b"forced_labour" in bytes(row["sealed"])]
    second.post("/filters", data={"late": "yes", "name": "labour <B> & more"})
    page = second.get("/cases").text
    assert (page.count("/delete"), "late=yes" in page, "about=forced_labour" in page) == (1, True, False), "replaced"
    assert "The filter was deleted." in second.post(delete).text
    assert "Saved filters" not in second.get("/cases").text
    assert second.post(delete).status_code == 404


@pytest.mark.parametrize(("posted", "said"), [
    ({"late": "yes", "name": ""}, "Write a name of at most 60 letters."),
    ({"late": "yes", "name": "x" * 61}, "Write a name of at most 60 letters."),
    ({"name": "All"}, "Choose a filter first: this is the whole list."),
    ({"status": "open", "about": "a b", "name": "All"}, "Choose a filter first: this is the whole list."),
])  # fmt: skip
def test_a_filter_without_a_name_or_of_the_whole_list_is_not_saved(
    portal: Portal, posted: dict[str, str], said: str
) -> None:
    answer = portal.as_role("lawyer").post("/filters", data=posted)
    assert (answer.status_code, answer.text.count(said)) == (422, len(("at the top", "at the field")))
    assert posted["name"] == "" or f'value="{posted["name"]}"' in answer.text
    assert "/delete" not in portal.as_role("lawyer").get("/cases").text


def test_a_person_saves_twenty_filters_at_most_and_loses_none_to_what_else_they_choose(portal: Portal) -> None:
    client, viewer = portal.as_role("nodal_officer"), portal.people["nodal_officer"]
    for number in range(20):
        save_filter(portal.engine, viewer=viewer, name=f"No. {number}", chosen={"late": "yes"})
    save_preference(portal.engine, viewer=viewer, digest="daily")
    with pytest.raises(InvalidAnswersError, match="name"):
        save_filter(portal.engine, viewer=viewer, name="One more", chosen={"late": "yes"})
    save_filter(portal.engine, viewer=viewer, name="No. 7", chosen={"late": "no"})
    assert client.get("/cases").text.count("/delete") == 20
    assert preference_of(portal.engine, viewer=viewer).digest == "daily"


def test_two_devices_that_save_at_once_lose_no_filter(portal: Portal) -> None:
    viewer = portal.people["prevention_officer"]
    with ThreadPoolExecutor(4) as devices:
        list(devices.map(
            lambda number: save_filter(portal.engine, viewer=viewer, name=f"No. {number}", chosen={"late": "yes"}),
            range(8),
        ))  # fmt: skip
    assert len(portal.engine.ask(saved_filters, viewer)) == 8


def test_from_a_case_the_way_back_leads_to_the_same_page_of_the_same_filter(portal: Portal) -> None:
    client, reporter = portal.as_role("case_manager"), portal.as_role("intake_officer")
    cases = [report_case(reporter) for _ in range(PAGE + 2)]
    assert _back_of(client, cases[0].page) == "/cases"
    first = client.get("/cases", params={"about": "forced_labour", "late": "no"}).text
    onward = unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    second = client.get(onward).text
    assert set(_LINE.findall(first)).isdisjoint(_LINE.findall(second))
    assert '<option value="forced_labour" selected>' in second
    back = _back_of(client, cases[0].page)
    assert client.get(back).text == second
    for tab in ("/steps", "/time", "/people", "/papers", "/sharing", "/history"):
        assert _back_of(client, f"{cases[0].page}{tab}") == back
    client.get("/cases")
    assert "about" not in _back_of(client, cases[0].page)


@pytest.mark.parametrize("strange", ["//evil.example", "x%0d%0aSet-Cookie:a=b", '"><b>', "a b", "x" * 500])
def test_what_a_browser_kept_leads_nowhere_else(portal: Portal, strange: str) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer"))
    client.cookies.set(LIST_COOKIE, strange)
    assert _back_of(client, case.page) == "/cases"


def test_the_kept_list_goes_with_the_session_and_is_not_read_by_scripts(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    kept = client.get("/cases", params={"late": "yes"}).headers["set-cookie"]
    assert "HttpOnly" in kept
    assert "Max-Age" not in kept
    client.post("/sign-out")
    assert LIST_COOKIE not in client.cookies


def test_a_day_that_is_none_is_said_beside_its_field_and_what_is_not_known_asks_for_nothing(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    report_case(portal.as_role("intake_officer"))
    wrong = client.get("/cases", params={"since": "yesterday"})
    assert wrong.status_code == 422
    assert "Write the day like this: 2026-03-20." in wrong.text
    assert _listed(client, late="perhaps", waits="nobody", about="<b>") == _listed(client)
