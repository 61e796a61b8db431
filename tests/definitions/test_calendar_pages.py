"""Days of calendars and ladders are changed on pages; public holidays are as the library works them out."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from engine.definitions.holidays import HolidaysUnknownError, public_holidays, with_public_holidays
from engine.definitions.views import definition
from engine.language.calendars import Calendar
from tests.kit.portal import Portal, agree

_CELL = re.compile(r'<td class="icmc-month--(\w+)"[^>]*><span class="icmc-month__number">(\d+)</span>')
STRIKE = {"name": "General strike", "reason": "Order 12", "kind": "holiday"}


def next_working_day(portal: Portal) -> str:
    calendar, day = portal.engine.library().calendars["IN-AS"], portal.clock.now().date() + timedelta(days=20)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return day.isoformat()


def test_an_administrator_sees_what_a_day_would_do_then_adds_it_and_takes_it_back(portal: Portal) -> None:
    admin, day = portal.as_role("system_administrator"), next_working_day(portal)
    form = STRIKE | {"day": day}
    shown = admin.post("/calendars/IN-AS/days", data=form | {"action": "preview"})
    assert shown.status_code == 200
    assert "What this would change" in shown.text
    assert "added by" not in admin.get(f"/calendars/IN-AS?year={day[:4]}").text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    assert hidden == form
    saved = admin.post("/calendars/IN-AS/days", data=hidden | {"action": "save"})
    assert "The day was added" in saved.text
    assert "Order 12, added by" in saved.text
    again = admin.post("/calendars/IN-AS/days", data=form | {"action": "save"})
    assert again.status_code == 422
    assert "it was already added" in again.text
    assert (
        "What this would change" in admin.post(f"/calendars/IN-AS/days/{day}/remove", data={"action": "preview"}).text
    )
    gone = admin.post(f"/calendars/IN-AS/days/{day}/remove", data={"action": "save"})
    assert "The day was removed" in gone.text
    assert "Order 12, added by" not in gone.text


def test_who_keeps_no_calendars_reads_them_and_cannot_change_them(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    page = client.get("/calendars/NP?year=2026")
    assert page.status_code == 200
    assert "Add a day" not in page.text
    assam = client.get("/calendars/IN-AS?year=2026").text
    assert "and every Sunday, second Saturday of the month and fourth Saturday of the month." in assam
    assert "What is not known" in assam
    assert "Local holidays that a district declares are not in here." in assam
    assert "and every Friday and Saturday." in client.get("/calendars/BD?year=2026").text
    assert client.post("/calendars/NP/days", data=STRIKE | {"day": "2026-12-01"}).status_code == 403
    assert client.post("/calendars/NP/days/2026-12-01/remove", data={"action": "save"}).status_code == 403
    assert client.get("/calendars/XX").status_code == 404
    assert client.get("/definitions/ladder/standard/edit").status_code == 403


def test_a_month_is_a_picture_whose_days_are_those_of_the_calendar(portal: Portal) -> None:
    admin, known = portal.as_role("system_administrator"), portal.engine.library().calendars["IN-AS"]
    for month in (date(2026, 1, 1), date(2026, 8, 1), date(2028, 2, 1)):
        shown = admin.get(f"/calendars/IN-AS?year={month.year}&month={month.month}").text
        kinds = [(int(number), kind) for kind, number in _CELL.findall(shown)]
        days = [
            month + timedelta(days=count) for count in range(31) if (month + timedelta(days=count)).month == month.month
        ]
        assert [number for number, _ in kinds] == [day.day for day in days]
        assert [kind in {"open", "working"} for _, kind in kinds] == [known.is_working_day(day) for day in days]
        named = [day for day in days if known.holiday(day) and not known.is_working_day(day)]
        assert [number for number, kind in kinds if kind == "holiday"] == [day.day for day in named]
    first = re.search(r"<tbody>\s*<tr>(.*?)</tr>", admin.get("/calendars/IN-AS?year=2026&month=8").text, re.DOTALL)
    assert first is not None
    assert first[1].count("<td></td>") == 5, "1 August 2026 is a Saturday"
    ends = (admin.get(f"/calendars/IN-AS?{query}").text for query in ("year=2015&month=1", "year=2035&month=12"))
    for shown, beyond in zip(ends, ("December 2014", "January 2036"), strict=True):
        assert beyond not in shown
        assert f"year={beyond[-4:]}" not in shown, "a link that leads nowhere"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_far_outside_of_what_is_known_is_refused_in_words(portal: Portal, day: str) -> None:
    answer = portal.as_role("system_administrator").post("/calendars/IN-AS/days", data={"day": day, "action": "save"})
    assert answer.status_code == 422
    assert "Say what day it is." in answer.text


def test_what_is_typed_wrongly_is_said_beside_the_date(portal: Portal) -> None:
    admin = portal.as_role("system_administrator")
    for day, problem in (("nonsense", "Give a date."), ("2020-01-06", "it is over")):
        answer = admin.post("/calendars/IN-AS/days", data=STRIKE | {"day": day, "action": "save"})
        assert answer.status_code == 422
        assert problem in answer.text
        assert "General strike" in answer.text


def test_a_ladder_is_checked_previewed_and_published_on_its_page(portal: Portal) -> None:
    manager = portal.as_role("case_manager")
    address = "/definitions/ladder/standard/edit"
    source = portal.engine.ask_all(definition, "ladder", "standard", None).source
    assert source.splitlines()[1] in manager.get(address).text
    wrong = manager.post(address, data={"source": source.replace("level: 1", "level: 9", 1), "action": "publish"})
    assert wrong.status_code == 422
    assert "levels-out-of-order" in wrong.text
    changed = source.replace("title: ", "title: Slower ", 1).replace('title: Slower "', 'title: "Slower ')
    assert "What this would change" in manager.post(address, data={"source": changed, "action": "preview"}).text
    assert portal.engine.library().ladders["standard"].title[:6] != "Slower"
    done = manager.post(address, data={"source": changed, "action": "publish"})
    assert "It is waiting for a second person" in done.text
    assert portal.engine.library().ladders["standard"].title[:6] != "Slower"
    agree(portal)
    assert portal.engine.library().ladders["standard"].title[:6] == "Slower"
    assert "nothing was changed" in manager.post(address, data={"source": changed, "action": "publish"}).text


def test_checking_a_workflow_says_in_sentences_what_its_new_version_changes(portal: Portal) -> None:
    manager = portal.as_role("case_manager")
    source = portal.engine.ask_all(definition, "workflow", "reported-concern", None).source
    changed = source.replace("limit: PT30M", "limit: PT45M", 1)
    assert changed != source
    told = manager.post("/workflows/reported-concern/edit", data={"source": changed, "action": "check"}).text
    assert "within 45 minutes" in told
    assert "PT45M from" not in told
    assert "Open cases stay on the version they began with" in told


FILES = sorted((Path(__file__).parents[2] / "workflows" / "calendars").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_calendar_gets_its_holidays(path: Path) -> None:
    bare = Calendar.model_validate(YAML(typ="safe", pure=True).load(path.read_text("utf-8")))
    full = with_public_holidays(bare, first_year=2026, last_year=2027)
    assert {special.day.year for special in full.holidays} >= {2026, 2027}
    assert full.holidays_known_until == date(2027, 12, 31)


@pytest.mark.parametrize(("place", "day", "name"), [
    ("IN", date(2026, 1, 26), "Republic Day"),
    ("IN/AS", date(2026, 1, 14), "Magh Bihu"),
    ("BD", date(2026, 3, 26), "Independence Day"),
    ("TH", date(2026, 4, 13), "Songkran Festival"),
])  # fmt: skip
def test_names_are_english(place: str, day: date, name: str) -> None:
    found = {special.day: special.name for special in public_holidays(place, first_year=2026, last_year=2026)}
    assert found[day] == name


def test_a_calendar_without_a_source_stays_as_it_is() -> None:
    plain = Calendar.model_validate({"calendar": "XX", "title": "Test", "zone": "Asia/Kolkata", "weekend": ["sun"]})
    assert with_public_holidays(plain, first_year=2026, last_year=2026) is plain


@pytest.mark.parametrize("place", ["ZZ", "IN/ZZ"])
def test_an_unknown_place_is_an_error_that_names_it(place: str) -> None:
    with pytest.raises(HolidaysUnknownError, match=place):
        public_holidays(place, first_year=2026, last_year=2026)
