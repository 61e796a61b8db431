"""Saved numbers: found again, made once each month, by the rights of that moment; kept as they were published."""

import csv
import io
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from engine.core.policy import Viewer
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.numbers.actions import delete_numbers, make_monthly, make_saved_numbers, save_numbers
from engine.numbers.records import SavedPeriod, due_month
from engine.numbers.views.figures import monthly_numbers, saved_list, saved_numbers
from engine.people.viewer import as_viewer
from tests.kit.portal import Portal
from tests.kit.world import World

FIGURES: Mapping[str, int | None] = {"survivors": 40, "age/12_to_17": 25, "age/under_12": None, "pillar/rescue": 15}
LEAD = "supervisor"


def _publish(world: World | Portal, period: str, figures: Mapping[str, int | None], unit: UUID | None = None) -> None:
    world.rows(
        "INSERT INTO number_sheet (id, period, unit_id, published_at, figures, medians)"
        """ VALUES (:id, :period, :unit, now(), CAST(:figures AS jsonb), '{"rescue.plan": 30.5}')""",
        id=uuid4(), period=period, unit=unit, figures=json.dumps(figures),
    )  # fmt: skip


def _save(world: World, viewer: Viewer | None = None, **more: Any) -> UUID:
    given = {"name": "For the donor", "tables": ("age",), "period": "this_year", "monthly": True, **more}
    return save_numbers(world.engine, viewer=viewer or world.who(LEAD), command_id=uuid4(), **given)


def _made(world: World) -> list[Any]:
    return list(world.rows("SELECT id, month, figures FROM monthly_numbers ORDER BY month"))


def _notices(world: World) -> int:
    told = "SELECT DISTINCT m.id FROM message m JOIN delivery d ON d.message_id = m.id WHERE d.channel = 'in_app'"
    return len(world.rows(f"{told} AND m.kind = 'numbers_made'"))


def _at(world: World, instant: str) -> int:
    world.clock.move_to(datetime.fromisoformat(instant))
    return make_saved_numbers(world.engine)


def test_the_first_working_day_is_that_of_the_hub_and_a_month_is_due_from_it_on(world: World) -> None:
    calendar = world.engine.library().calendars["IN"]
    due = {
        # 1 November 2026 is a Sunday; Monday begins at 18:30 UTC
        "2026-11-01T18:29:00": "2026-10", "2026-11-01T18:31:00": "2026-11", "2026-11-30T18:29:00": "2026-11",
        "2026-11-30T18:31:00": "2026-12",
    }  # fmt: skip
    for at, month in due.items():
        assert due_month(datetime.fromisoformat(at).replace(tzinfo=UTC), calendar)[0] == month, at
    assert due_month(datetime(2026, 11, 20, tzinfo=UTC), calendar)[1] == datetime(2026, 11, 1, 18, 30, tzinfo=UTC)


def test_saved_numbers_are_made_once_a_month_kept_as_published_then_and_noticed_without_a_number(world: World) -> None:
    _publish(world, "2026-Q1", FIGURES)
    saved = _save(world)
    assert make_saved_numbers(world.engine) == 0, "from the next first working day on"
    assert _at(world, "2026-04-01T06:00:00+00:00") == 1
    assert make_saved_numbers(world.engine) == 0
    _publish(world, "2026-Q2", {"survivors": 60, "age/12_to_17": None, "age/under_12": 20})
    lead = world.who(LEAD)
    [made] = _made(world)
    kept = world.engine.ask(monthly_numbers, lead, made[0])
    assert (kept.month, kept.quarters, kept.survivors and kept.survivors.number) == ("2026-04", ("2026-Q1",), 40)
    assert [table.title for table in kept.tables] == ["By age"], "what was not chosen is not there"
    assert "pillar/rescue" not in made[2]
    assert not kept.medians
    now = world.engine.ask(saved_numbers, lead, saved)
    assert now.survivors is not None
    assert (now.survivors.number, [line.month for line in now.made]) == (100, ["2026-04"])
    told = world.rows(
        "SELECT d.channel, m.subject || m.body || m.html, m.link, m.recipient_id"
        " FROM message m JOIN delivery d ON d.message_id = m.id"
    )
    assert sorted(row[0] for row in told) == ["email", "in_app"]
    for _, body, link, recipient in told:
        assert (link, recipient) == (f"/numbers/monthly/{made[0]}", lead.actor_id)
        assert not re.search(r"\b(40|25|donor)\b", body.replace(str(made[0]), ""))


def test_after_days_or_months_without_power_the_latest_month_is_made_and_only_that(world: World) -> None:
    _publish(world, "2026-Q1", FIGURES)
    _save(world)
    assert _at(world, "2026-10-20T06:00:00+00:00") == 1
    assert [row[1] for row in _made(world)] == ["2026-10"]
    assert _at(world, "2026-11-01T06:00:00+00:00") == 0, "a Sunday"
    assert _at(world, "2026-11-02T06:00:00+00:00") == 1


def test_two_passes_at_the_same_time_make_it_once(world: World) -> None:
    _publish(world, "2026-Q1", FIGURES)
    _save(world)
    world.clock.move_to(datetime.fromisoformat("2026-04-01T06:00:00+00:00"))
    with ThreadPoolExecutor(2) as both:
        assert sum(both.map(lambda _: make_saved_numbers(world.engine), range(2))) == 1
    assert _notices(world) == 1


def test_one_that_cannot_be_made_holds_up_no_other(world: World) -> None:
    _publish(world, "2026-Q1", FIGURES)
    first, bad, last = (_save(world, name=name) for name in ("One", "Two", "Three"))
    world.rows("UPDATE saved_numbers SET period = 'never' WHERE id = :id", id=bad)
    assert _at(world, "2026-04-01T06:00:00+00:00") == 2
    assert {first, last} == {row[0] for row in world.rows("SELECT saved_id FROM monthly_numbers")}


@pytest.mark.parametrize("how", ["role", "account", "unit"])
def test_who_has_lost_the_right_gets_nothing_more_and_sees_nothing_made_before(world: World, how: str) -> None:
    _publish(world, "2026-Q1", FIGURES, world.unit)
    saved = _save(world, unit_id=world.unit)
    assert _at(world, "2026-04-01T06:00:00+00:00") == 1
    lead, [made] = world.who(LEAD), _made(world)
    if how == "account":
        world.rows("UPDATE actor SET disabled = true WHERE id = :id", id=lead.actor_id)
    elif how == "role":
        world.rows("UPDATE membership SET role = 'interpreter' WHERE actor_id = :id", id=lead.actor_id)
    else:
        world.rows("UPDATE membership SET unit_id = :to WHERE actor_id = :id", id=lead.actor_id, to=world.other_unit)
    assert _at(world, "2026-05-04T06:00:00+00:00") == 0
    assert _notices(world) == 1
    if how != "account":
        for view, id_ in ((monthly_numbers, made[0]), (saved_numbers, saved)):
            with pytest.raises((NotAllowedError, NotFoundError)):
                world.engine.ask(view, world.engine.ask_all(as_viewer, lead.actor_id), id_)


def test_what_somebody_saved_is_theirs_alone_in_the_database_itself(world: World) -> None:
    _publish(world, "2026-Q1", FIGURES)
    saved = _save(world)
    _at(world, "2026-04-01T06:00:00+00:00")
    [made], other = _made(world), world.who("case_manager")
    assert world.engine.ask(saved_list, other) == ()
    for view, id_ in ((monthly_numbers, made[0]), (saved_numbers, saved)):
        with pytest.raises(NotFoundError):
            world.engine.ask(view, other, id_)
    for act in (delete_numbers, lambda *a, **b: make_monthly(*a, monthly=False, **b)):
        with pytest.raises(NotFoundError):
            act(world.engine, saved, viewer=other)
    with world.engine.reading(other) as reading:
        assert [reading.rows(text(f"SELECT * FROM {table}")) for table in ("saved_numbers", "monthly_numbers")] == [
            [],
            [],
        ]
    assert "For the donor" not in world.dump()


def test_what_does_not_fit_is_said_and_the_same_command_saves_once(world: World) -> None:
    lead, same = world.who(LEAD), uuid4()
    with pytest.raises(InvalidAnswersError) as refused:
        save_numbers(world.engine, viewer=lead, command_id=same, name="", tables=("nothing",), period="last_month")
    assert set(refused.value.problems) == {"name", "tables", "period"}
    with pytest.raises(NotFoundError):
        _save(world, unit_id=world.other_unit)
    with pytest.raises(NotAllowedError):
        _save(world, world.who("system_administrator"))
    ids = {
        save_numbers(world.engine, viewer=lead, command_id=same, name="N", tables=("age",), period="latest")
        for _ in range(2)
    }
    assert len(ids) == 1
    for number in range(19):
        _save(world, name=f"Number {number}")
    with pytest.raises(InvalidAnswersError, match="name"):
        _save(world)


def test_who_wants_it_no_more_gets_no_more_and_deletes_all_of_it(world: World) -> None:
    _publish(world, "2026-Q1", FIGURES)
    saved = _save(world)
    _at(world, "2026-04-01T06:00:00+00:00")
    make_monthly(world.engine, saved, viewer=world.who(LEAD), monthly=False)
    assert _at(world, "2026-05-04T06:00:00+00:00") == 0
    make_monthly(world.engine, saved, viewer=world.who(LEAD), monthly=True)
    assert make_saved_numbers(world.engine) == 0, "begun after this month's first working day"
    delete_numbers(world.engine, saved, viewer=world.who(LEAD))
    assert _made(world) == []
    assert world.engine.ask(saved_list, world.who(LEAD)) == ()


def test_the_periods_are_meant_from_the_day_on_which_they_are_asked_for() -> None:
    day = datetime(2026, 1, 4, tzinfo=UTC).date()
    assert [period.on(day) and period.on(day).key for period in SavedPeriod] == [None, "2026", "2025"]  # type: ignore[union-attr]


def test_the_pages_save_open_and_delete_and_the_tables_hold_the_same(portal: Portal) -> None:
    _publish(portal, "2025-Q4", FIGURES)
    manager = portal.as_role("case_manager")
    assert "You have saved nothing yet" in manager.get("/numbers/saved").text
    form = {"name": "=Donor", "tables": ["age", "times"], "period": "last_year", "monthly": "yes"}
    wrong = manager.post("/numbers/saved", data=form | {"tables": [], "name": "=Donor"})
    assert wrong.status_code == 422
    assert "Choose at least one table." in wrong.text
    assert "=Donor" in wrong.text
    page = manager.post("/numbers/saved", data=form)
    address = page.url.path
    assert "Survivors: 40" in page.text
    assert "1 day 6 h" not in page.text
    assert "By age" in manager.get(address, params={"show": "all"}).text
    assert "1 day 6 h" in manager.get(address, params={"show": "all"}).text
    assert "1 day 6 h" in manager.get(address, params={"show": "times"}).text
    assert "By sex" not in manager.get(address, params={"show": "all"}).text
    assert "=Donor" in manager.get("/numbers/saved").text
    rows = list(csv.reader(io.StringIO(manager.get(f"{address}/table.csv").text)))
    assert ["By age", "Under 12", "", ""] in rows
    assert any(row[2:] == ["30.5", "hours: half of the cases took less"] for row in rows)
    portal.rows(
        "INSERT INTO monthly_numbers (id, saved_id, owner_id, month, made_at, quarters, figures) SELECT :id, id,"
        """ owner_id, '2026-03', now(), '{2025-Q4}', '{"survivors": [35, true]}' FROM saved_numbers""",
        id=(made := uuid4()),
    )  # fmt: skip
    assert f"/numbers/monthly/{made}" in manager.get(address).text
    kept = manager.get(f"/numbers/monthly/{made}").text
    assert "Survivors: at least 35" in kept
    assert "March 2026" in kept
    assert "at least: a part is withheld" in manager.get(f"/numbers/monthly/{made}/table.csv").text
    other = portal.as_role("supervisor")
    for path in (address, f"/numbers/monthly/{made}", f"/numbers/monthly/{made}/table.csv", f"{address}/table.csv"):
        assert other.get(path).status_code == 404
    assert portal.as_role("system_administrator").get("/numbers/saved").status_code == 403
    assert "Make them every month" in manager.post(f"{address}/monthly", data={"monthly": "no"}).text
    assert "It was deleted." in manager.post(f"{address}/delete").text
    assert manager.get(f"/numbers/monthly/{made}").status_code == 404
