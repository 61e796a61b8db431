"""A rota says whose turn it is by the clock of its place, names its gaps, and tells in words what differs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.language.changes import changes_in_words
from engine.language.rotas import Rota, on_call_by, week_of
from engine.language.yaml_files import read_yaml
from tests.language.test_lint_library_files import found

UNIT = "0b5e3c7e-6f0a-4f7e-9d8e-2a3b4c5d6e7f"
TEXT = f"""rota: {UNIT}
begins: 2026-03-02
turns:
  - {{days: [mon, tue, wed, thu, fri, sat, sun], from: 08:00, until: 20:00, who: [a@x.org, b@x.org, c@x.org]}}
  - {{days: [mon, tue, wed, thu, fri, sat, sun], from: 20:00, until: 08:00, who: [d@x.org]}}
swaps:
  - {{on: 2026-03-04, from: 20:00, who: b@x.org}}
"""
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def rota(*turns: dict[str, Any], begins: str = "2026-03-02", **more: Any) -> Rota:
    return Rota.model_validate({"rota": UNIT, "begins": begins, "turns": list(turns), **more})


def turn(who: str, days: list[str] = WEEK, begins: str = "20:00", ends: str = "08:00") -> dict[str, Any]:
    return {"days": days, "from": begins, "until": ends, "who": [f"{one}@x.org" for one in who]}


def said(before: Rota, after: Rota) -> list[tuple[str, bool]]:
    plain = [one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in (before, after)]
    return [(one.words.replace("@x.org", ""), one.is_loss) for one in changes_in_words("rota", plain[0], plain[1])]


@pytest.mark.parametrize(("before", "after", "findings"), [
    ("", "", []),
    ("who: [d@x.org]}", "who: [d@x.org]} # Asha's mother", ["5:1 error rota-comment"]),
    ("begins", "# of Asha\nbegins", ["2:1 error rota-comment"]),
    ("until: 20:00", "until: 19:30", ["4:3 warning rota-gap"]),
    ("until: 20:00", "until: 20:30", ["4:3 error rota-overlap"]),
    ("from: 08:00", "from: 08:00:30", ["4:55 error bad-value"]),
    ("a@x.org", "a", ["4:82 error bad-name"]),
    ("[mon, tue", "[mon, moon", ["4:18 error unknown-word"]),
    ("swaps:", "note: she sleeps at the station\nswaps:", ["6:1 error unknown-key"]),
])  # fmt: skip
def test_what_is_wrong_with_a_rota_is_found_where_it_stands(before: str, after: str, findings: list[str]) -> None:
    assert found(TEXT.replace(before, after, 1)) == findings


@pytest.mark.parametrize(("turns", "week"), [
    ([turn("a")], {1: ["Every day from 20:00 to 08:00"], 0: ["Every day from 08:00 to 20:00"]}),
    ([turn("a", WEEK[:5], "09:00", "17:00"), turn("b", ["sat"], "00:00", "00:00")],
     {1: ["On Monday, Tuesday, Wednesday, Thursday and Friday from 09:00 to 17:00", "On Saturday from 00:00 to 00:00"],
      0: ["On Monday, Tuesday, Wednesday and Thursday from 17:00 to 09:00", "On Friday from 17:00 to 00:00",
          "On Sunday from 00:00 to Monday 09:00"]}),
    ([turn("a", begins="08:00")], {1: ["On Monday from 00:00 to Monday 00:00"]}),
])  # fmt: skip
def test_the_week_says_when_how_many_are_on_call(turns: list[dict[str, Any]], week: dict[int, list[str]]) -> None:
    assert week_of(rota(*turns)) == week


def test_each_takes_a_week_and_whoever_stands_in_a_turn() -> None:
    made = list(on_call_by([Rota.model_validate(_read())], zone="UTC", since=_at(2), until=_at(24)))
    day = [one.who[0] for one in made if one.starts_at.hour == 8]
    assert "".join(day) == "aaaaaaabbbbbbbccccccca"
    assert [one.who[0] for one in made if one.starts_at.hour == 20][:4] == ["d", "d", "b", "d"]
    assert all(one.ends_at - one.starts_at == timedelta(hours=12) for one in made)


def test_a_turn_keeps_to_the_clock_of_its_place_when_the_clocks_change() -> None:
    made = list(on_call_by([rota(turn("a"))], zone="Europe/London", since=_at(28, 12), until=_at(29, 12)))
    assert [(one.starts_at, one.ends_at) for one in made] == [(_at(28, 20), _at(29, 7))]


def test_an_older_version_holds_until_the_day_of_the_newer_one() -> None:
    rotas = [rota(turn("b"), begins="2026-03-10"), rota(turn("a"))]
    made = on_call_by(rotas, zone="UTC", since=_at(8, 12), until=_at(12, 12))
    assert [(one.who[0], one.starts_at.day) for one in made] == [("a", 8), ("a", 9), ("b", 10), ("b", 11)]
    assert not list(on_call_by([rota(turn("a"))], zone="UTC", since=_at(1), until=_at(2)))


def test_a_night_of_an_older_version_ends_where_the_first_turn_of_the_newer_one_begins() -> None:
    newer = rota(turn("c", begins="14:00", ends="06:00"), turn("b", begins="06:00", ends="14:00"), begins="2026-03-10")
    made = list(on_call_by([newer, rota(turn("a"))], zone="UTC", since=_at(9, 12), until=_at(10, 23)))
    assert [(one.who[0], one.starts_at, one.ends_at) for one in made] == [
        ("a", _at(9, 20), _at(10, 6)), ("b", _at(10, 6), _at(10, 14)), ("c", _at(10, 14), _at(11, 6))
    ]  # fmt: skip
    assert [
        one.who[0] for one in on_call_by([newer, rota(turn("a"))], zone="UTC", since=_at(10, 6), until=_at(10, 7))
    ] == ["b"]


@pytest.mark.parametrize(("before", "after", "sentences"), [
    (rota(turn("a")), rota(turn("b", ["tue"]), turn("a", [one for one in WEEK if one != "tue"])),
     [("On Tuesday from 20:00 to 08:00, a is replaced by b.", False)]),
    (rota(turn("ab")), rota(turn("ac")),
     [("Every day from 20:00 to 08:00 in week 2 of 2, b is replaced by c.", False)]),
    (rota(turn("a")), rota(turn("ab")),
     [("Every day from 20:00 to 08:00, a, then b is on call instead of a.", False)]),
    (rota(turn("a")), rota(turn("a", WEEK[:5])),
     [("On Saturday and Sunday from 20:00 to 08:00, no one is on call any more: it was a.", True)]),
    (rota(turn("a", ["mon"])), rota(turn("a", ["mon"], begins="18:00")),
     [("On Monday, a is on call from 18:00 to 08:00 instead of 20:00 to 08:00.", False)]),
    (rota(turn("a", ["mon"])), rota(turn("a", ["mon"]), turn("b", ["mon"], "08:00", "20:00"), begins="2026-03-09"),
     [("On Monday from 08:00 to 20:00, b is on call: this is new.", False),
      ("It holds from 9 March 2026 instead of 2 March 2026.", False)]),
    (rota(swaps=[{"on": "2026-03-04", "who": "a@x.org"}, {"on": "2026-03-05", "who": "a@x.org"}]),
     rota(swaps=[{"on": "2026-03-04", "who": "b@x.org"}, {"on": "2026-03-06", "from": "20:00", "who": "c@x.org"}]),
     [("On 4 March 2026, b stands in instead of a.", False), ("On 5 March 2026, a no longer stands in.", False),
      ("On 6 March 2026 from 20:00, c stands in.", False)]),
])  # fmt: skip
def test_what_differs_is_told_by_days_hours_and_people(
    before: Rota, after: Rota, sentences: list[tuple[str, bool]]
) -> None:
    assert said(before, after) == sentences
    assert said(after, after) == []


def _at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def _read() -> Any:
    return read_yaml(TEXT, file="rota.yaml").data
