"""The rules of a calendar are changed by forms: the lines that are meant; the month shows them before they run."""

import re
from datetime import date

import pytest
from starlette.testclient import TestClient

from engine.definitions.actions.drafts import open_draft
from engine.definitions.pages.drafting import ONLY_TEXT
from engine.definitions.views import definition, versions
from engine.language.calendars import Calendar, Weekday
from tests.definitions.test_calendar_pages import _CELL
from tests.definitions.test_studio import _Fields, changed_lines, losses, sentences
from tests.kit.portal import Portal, agree

pytestmark = pytest.mark.long

HERE = "/definitions/calendar/IN-AS/draft"
FIELDS = {
    "weekend": "every", "weekend_source": "weekend_source", "hours": "hours-opens",
    "hours_by_weekday": "day_hours-opens", "holidays_from": "holidays_from", "holidays": "kind", "every_year": "kind",
    "not_holidays": "kind", "extra_working_days": "kind",
}  # fmt: skip
"""The parts of a calendar, and the field of a form by which each is changed."""
Form = dict[str, list[str]]


def form_with(page: str, field: str) -> Form:
    """Return what a browser would send of the form that has a field, if nothing in it was changed."""
    reader = _Fields()
    reader.feed(page)
    found: Form = {}
    for name, value in next(one for one in reader.forms if any(name == field for name, _ in one)):
        found.setdefault(name, []).append(value)
    return found


@pytest.fixture(autouse=True)
def without_a_draft(portal: Portal) -> None:
    """Begin with what runs."""
    portal.as_role("system_administrator").post(HERE, data={"action": "discard"})


def running(portal: Portal) -> str:
    return portal.engine.ask_all(definition, "calendar", "IN-AS", None).source


def lines(portal: Portal) -> list[str]:
    draft = open_draft(portal.engine, "calendar", "IN-AS", viewer=portal.people["system_administrator"])
    return changed_lines(running(portal), draft.source)


def post(client: TestClient, form: Form, action: str, **changes: str | list[str]) -> str:
    given = {name: [one] if isinstance(one, str) else one for name, one in changes.items()}
    return client.post(HERE, data=form | given | {"action": [action]}).text


def kinds(page: str) -> dict[int, str]:
    return {int(number): kind for kind, number in _CELL.findall(page)}


def test_the_forms_of_a_calendar_saved_unchanged_change_nothing(portal: Portal) -> None:
    client = portal.as_role("system_administrator")
    page = client.get(HERE).text
    for field, action in (("nth", "weekend"), ("hours-opens", "hours"), ("holidays_from", "place")):
        assert "There is a problem" not in post(client, form_with(page, field), action)
    for entry in ("holidays-3", "every_year-0"):
        shown = client.get(HERE, params={"entry": entry}).text
        assert "There is a problem" not in post(client, form_with(shown, "entry"), "day")
    assert lines(portal) == []


def test_days_of_rest_hours_and_holidays_are_changed_in_their_lines_agreed_to_and_taken_back(portal: Portal) -> None:
    client = portal.as_role("system_administrator")
    first = portal.engine.ask_all(definition, "calendar", "IN-AS", None)
    page = client.get(HERE, params={"year": 2026, "month": 8}).text
    assert (kinds(page)[1], kinds(page)[8]) == ("open", "rest"), "1 August 2026 is the first Saturday"
    assert "The first Saturday" not in page
    rest = form_with(page, "nth")
    post(client, rest, "weekend", every=["sat", "sun"])
    post(client, form_with(page, "hours-opens"), "hours", **{
        "hours-opens": "10:00", "hours-pause": "13:00", "hours-goes_on": "14:00",
    })  # fmt: skip
    post(client, {}, "hours-of-day", weekday="fri", **{"day_hours-opens": "09:00", "day_hours-closes": "12:30"})
    post(client, {}, "place", holidays_from="IN")
    shown = client.get(HERE, params={"entry": "every_year-1"}).text
    post(client, form_with(shown, "entry"), "day", name="Me-Dam-Me-Phi, of the Ahom")
    post(client, {}, "remove-day", entry="holidays-0")
    page = post(client, {}, "day", day="2026-03-09", kind="extra_working_days", name="Working Monday", source="Order 7")
    changed = running(portal).splitlines()
    assert lines(portal) == [
        "- weekend: [sun, 2nd sat, 4th sat]", "+ weekend: [sat, sun]",
        "- hours: 09:00-17:00", "+ hours: ['10:00-13:00', '14:00-17:00']",
        "- holidays_from: IN/AS", "+ holidays_from: IN",
        f"- {next(one for one in changed if '2024-10-10' in one)}",
        f"- {(old := next(one for one in changed if 'Me-Dam-Me-Phi' in one))}",
        f"+ {old.replace(chr(34) + 'Me-Dam-Me-Phi' + chr(34), repr('Me-Dam-Me-Phi, of the Ahom'))}",
        "+ hours_by_weekday: {fri: '09:00-12:30'}",
        "+ extra_working_days: [{day: '2026-03-09', name: Working Monday, source: Order 7}]",
    ]  # fmt: skip
    who = "list of holidays of the Government of Assam, in the same words in 2013, 2021 and 2024"
    assert losses(page) == [
        "Every Saturday is a day of rest: limits in working time fall due later.",
        "Offices work from 10:00 to 13:00 and 14:00 to 17:00 instead of from 09:00 to 17:00.",
        "On Friday offices work from 09:00 to 12:30 instead of from 09:00 to 17:00.",
    ]
    assert set(sentences(page)) - set(losses(page)) == {
        "Every second Saturday of the month is no longer a day of rest.",
        "Every fourth Saturday of the month is no longer a day of rest.",
        "Public holidays are those of IN instead of IN/AS.",
        "Thu 10 Oct 2024 is no longer a holiday: Durga Puja, Saptami.",
        (
            f"31 January, a holiday of every year, is told as “Me-Dam-Me-Phi, of the Ahom” ({who}) instead of"
            f" “Me-Dam-Me-Phi” ({who})."
        ),
        "Mon 09 Mar 2026 is a day on which offices work all the same: Working Monday.",
    }
    page = client.get(HERE, params={"year": 2026, "month": 8}).text
    assert kinds(page)[1] == "rest", "the month of the draft shows what it would be"
    assert kinds(client.get("/calendars/IN-AS?year=2026&month=8").text)[1] == "open", "nothing runs by a draft"
    asked = client.post(HERE, data={"action": "propose"})
    assert "waiting for a second person" in asked.text
    assert client.post(asked.url.path, data={"answer": "yes"}).status_code in {403, 422}
    assert not portal.engine.library().calendars["IN-AS"].holiday(date(2027, 5, 15))
    agree(portal)
    runs = portal.engine.library().calendars["IN-AS"]
    assert runs.why_closed(date(2026, 8, 1)) == "Saturday"
    assert runs.is_working_day(date(2026, 3, 9))
    assert kinds(client.get("/calendars/IN-AS?year=2026&month=8").text)[1] == "rest"
    client.post("/definitions/calendar/IN-AS/versions", data={"version": str(first.version)})
    agree(portal)
    back = portal.engine.ask_all(definition, "calendar", "IN-AS", None)
    assert (back.content_hash, back.version) == (first.content_hash, first.version + 2)
    assert len(portal.engine.ask_all(versions, "calendar", "IN-AS")) == 3


WRONG: dict[str, tuple[str, dict[str, str | list[str]], str, str]] = {
    "no day is worked": (
        "weekend", {"every": [day.value for day in Weekday]}, "every", "Offices work on at least one day",
    ),
    "no time": ("hours", {"hours-opens": "nine", "hours-closes": "17:00"}, "hours-opens", "Write a time such as 09:00"),
    "ends before it begins": (
        "hours", {"hours-opens": "17:00", "hours-closes": "09:00"}, "hours-closes", "Write a time after 17:00"),
    "half a pause": ("hours", {"hours-opens": "09:00", "hours-pause": "13:00", "hours-closes": "17:00"},
                     "hours-goes_on", "Write a time such as 09:00"),
    "a pause after work": (
        "hours", {"hours-opens": "09:00", "hours-pause": "18:00", "hours-goes_on": "19:00", "hours-closes": "17:00"},
        "hours-closes", "Write a time after 19:00"),
    "no day of the week": (
        "hours-of-day", {"weekday": "someday", "day_hours-opens": "09:00", "day_hours-closes": "12:00"}, "weekday",
        "Choose a day of the week"),
    "another country": ("place", {"holidays_from": "NP"}, "holidays_from", "Choose a place of the list"),
    "no date": ("day", {"day": "soon", "kind": "holidays", "name": "x", "source": "y"}, "day", "Give a date"),
    "no word": ("day", {"day": "2026-05-05", "kind": "holidays", "name": "x", "source": ""}, "source", "by whose word"),
    "no kind": ("day", {"day": "2026-05-05", "kind": "x", "name": "x", "source": "y"}, "kind", "Choose what kind"),
    "twice": ("day", {"day": "2026-10-18", "kind": "extra_working_days", "name": "x", "source": "y"}, "day",
              "stands in the calendar already"),
    "twice every year": ("day", {"day": "2026-05-01", "kind": "every_year", "name": "x", "source": "y"}, "day",
                         "stands in the calendar already"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_a_calendar_is_told_at_its_field_and_changes_nothing(portal: Portal, case: str) -> None:
    action, form, field, problem = WRONG[case]
    client = portal.as_role("system_administrator")
    answer = client.post(HERE, data=form | {"action": action})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    beside = re.search(rf'<p id="{field}-error"[^>]*>(.*?)</p>', answer.text)
    assert beside is not None
    assert problem in beside[1]
    assert lines(portal) == []


def test_each_part_of_a_calendar_has_a_field_or_a_reason_to_be_text(portal: Portal) -> None:
    page = portal.as_role("system_administrator").get(HERE).text
    assert FIELDS.keys() | ONLY_TEXT["calendar"].keys() == Calendar.model_fields.keys() - {"name"} | {"calendar"}
    assert not FIELDS.keys() & ONLY_TEXT["calendar"].keys()
    for part, field in FIELDS.items():
        assert f'name="{field}"' in page, part
        assert field != "kind" or f'value="{part}"' in page
    for why in ONLY_TEXT["calendar"].values():
        assert why.replace("'", "&#39;") in page


def test_only_who_keeps_calendars_drafts_one(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    assert client.get(HERE).status_code == 403
    assert client.post(HERE, data={"action": "weekend"}).status_code == 403
    assert HERE not in client.get("/calendars/IN-AS").text
    assert HERE in portal.as_role("system_administrator").get("/calendars/IN-AS").text
