"""Tests of ladders as records."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from engine.language.ladders import Ladder, Level, LevelRecipient, RecipientKind
from engine.language.names import Role

FILES = sorted((Path(__file__).parents[2] / "workflows" / "ladders").glob("*.yaml"))
LETTER = {"law_route": "High Court", "letter": "escalation-letter", "released_by": "lawyer", "release_within": "PT24H"}


def rung(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"level": number, "after": "PT0M", "to": "assignee"} | more


def made(*levels: dict[str, Any], **more: Any) -> Ladder:
    return Ladder.model_validate({"ladder": "test", "title": "Test", "levels": list(levels)} | more)


@pytest.fixture(scope="module")
def shipped() -> dict[str, Ladder]:
    yaml = YAML(typ="safe", pure=True)
    read = [Ladder.model_validate(yaml.load(path.read_text("utf-8"))) for path in FILES]
    return {one.name: one for one in read}


@pytest.mark.parametrize(("to", "kind", "words"), [
    ("assignee", RecipientKind.PERSON, "the assignee"),
    ("supervisor", RecipientKind.PERSON, "the supervisor"),
    ("on_call", RecipientKind.PERSON, "whoever is on call"),
    ({"role": "case_manager"}, RecipientKind.ROLE, "the case manager of the unit"),
    ({"partner": "caseworker"}, RecipientKind.PARTNER, "the caseworker of the partner"),
    (LETTER, RecipientKind.LAW_ROUTE, "High Court, by a letter that someone releases"),
])  # fmt: skip
def test_a_level_tells_one_recipient(to: object, kind: RecipientKind, words: str) -> None:
    recipient = LevelRecipient.model_validate(to)
    assert recipient.kind is kind
    assert recipient.in_words() == words


@pytest.mark.parametrize("to", [
    "everybody",
    {},
    {"role": "janitor"},
    {"role": "lawyer", "partner": "lawyer"},
    {"law_route": "High Court"},
    {key: value for key, value in LETTER.items() if key != "released_by"},
    {"role": "lawyer", "letter": "escalation-letter"},
])  # fmt: skip
def test_a_recipient_that_is_none_or_two_or_has_no_releaser_is_refused(to: object) -> None:
    with pytest.raises(ValidationError):
        LevelRecipient.model_validate(to)


@pytest.mark.parametrize("wrong", [
    {"acknowledge_within": "PT1H"},
    {"to": LETTER, "reassign": True},
    {"to": {"partner": "caseworker"}, "reassign": True},
    {"repeat": {"every": "PT0H", "times": 2}},
    {"repeat": {"every": "PT1H", "times": 0}},
    {"after": "later"},
    {"channels": []},
    {"channels": ["fax"]},
    {"level": 0},
])  # fmt: skip
def test_a_level_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Level.model_validate(rung() | wrong)


@pytest.mark.parametrize("levels", [
    [],
    [rung(2)],
    [rung(1), rung(3)],
    [rung(1), rung(1)],
    [rung(1, after="P1D"), rung(2, after="PT4H")],
    [rung(1), rung(2, after="-PT48H")],
    [rung(1, last_resort=True), rung(2, after="P1D")],
])  # fmt: skip
def test_a_ladder_climbs_by_number_and_time(levels: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        made(*levels)


def test_levels_at_the_same_time_are_allowed() -> None:
    assert len(made(rung(1), rung(2, to="supervisor")).levels) == 2


def test_each_file_is_named_after_its_ladder(shipped: dict[str, Ladder]) -> None:
    assert sorted(shipped) == sorted(path.stem for path in FILES)


@pytest.mark.parametrize("name", [
    "standard", "high", "critical", "child-not-produced", "partner-silent", "partner-silent-critical",
    "nationality-delay", "detention-limit", "fir-refused", "police-refusal", "bonded-labour", "compensation",
    "repatriation-stuck", "leak", "own-staff-breach",
])  # fmt: skip
def test_a_shipped_ladder_ends_with_a_last_resort(shipped: dict[str, Ladder], name: str) -> None:
    assert shipped[name].levels[-1].last_resort


def test_every_level_that_speaks_outside_has_somebody_who_releases_it(shipped: dict[str, Ladder]) -> None:
    outward = [level for ladder in shipped.values() for level in ladder.levels if level.is_outward]
    assert len(outward) > 20
    assert all(level.to.released_by and level.to.release_within for level in outward)
    assert not any(level.to.role or level.to.partner for level in outward)


@pytest.mark.parametrize(("name", "after"), [("critical", "PT30M"), ("high", "PT4H"), ("standard", "P1D")])
def test_the_supervisor_hears_sooner_the_more_it_matters(shipped: dict[str, Ladder], name: str, after: str) -> None:
    (first, *_) = [level for level in shipped[name].levels if level.to.person == "supervisor"]
    assert str(first.after) == after
    assert str(shipped[name].levels[0].after) == "PT0M"


def test_a_child_not_produced_goes_to_case_manager_then_supervisor_then_the_district_unit(
    shipped: dict[str, Ladder],
) -> None:
    told = [level.to for level in shipped["child-not-produced"].levels if not level.after.is_before][:3]
    assert told[0].role is Role.CASE_MANAGER
    assert told[1].person == "supervisor"
    assert told[2].law_route == "District Child Protection Unit"


@pytest.mark.parametrize(("name", "bodies"), [
    ("fir-refused", ["Superintendent of Police", "Magistrate", "Human Rights Commission", "High Court"]),
    ("police-refusal", ["Superintendent of Police"]),
    ("child-not-produced", [
        "Child Protection Unit", "District Magistrate", "Commission for Protection of Child Rights", "High Court",
    ]),
    ("bonded-labour", [
        "Sub-Divisional Magistrate", "District Magistrate", "Labour Commissioner", "National Human Rights",
    ]),
    ("compensation", ["District Legal Services", "State Legal Services", "High Court Legal Services Committee"]),
    ("repatriation-stuck", [
        "State nodal officer", "Foreigners Regional Registration", "Home and External Affairs", "Task Force",
        "National Human Rights",
    ]),
    ("leak", ["Grievance officer", "Police", "Appellate Committee", "Press Council", "Court"]),
])  # fmt: skip
def test_the_bodies_outside_are_turned_to_in_their_order(
    shipped: dict[str, Ladder], name: str, bodies: list[str]
) -> None:
    routes = [level.to.law_route for level in shipped[name].levels if level.to.law_route]
    assert len(routes) == len(bodies)
    assert all(body in route for body, route in zip(bodies, routes, strict=True))


def test_a_silent_partner_goes_to_its_people_the_next_partner_and_those_who_lead(shipped: dict[str, Ladder]) -> None:
    levels = shipped["partner-silent"].levels
    told = [level.to.partner or level.to.role for level in levels]
    assert told == [Role.CASEWORKER, Role.CASEWORKER, Role.PARTNERSHIP_MANAGER, Role.SUPERVISOR, Role.NODAL_OFFICER]
    assert [level.level for level in levels if level.offer_next_partner]
    own = [level.to.person or level.to.role for level in shipped["own-staff-breach"].levels]
    assert own == ["supervisor", Role.SAFEGUARDING_LEAD, Role.NODAL_OFFICER]


def test_only_urgent_ladders_override_quiet_hours(shipped: dict[str, Ladder]) -> None:
    loud = {name for name, ladder in shipped.items() if ladder.overrides_quiet_hours}
    assert loud == {"critical", "child-not-produced", "partner-silent-critical", "detention-limit", "leak"}


def test_every_role_has_a_label_in_plain_words() -> None:
    assert len(Role) == 20
    assert Role.AHTU_OFFICER.label == "Anti-Human Trafficking Unit officer"
    assert Role.DATA_PROTECTION_OFFICER.label == "Data-protection officer"
    assert Role.SHELTER_MANAGER.label == "Shelter manager"


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("fir-refused", "other_body"), ("bonded-labour", "other_body"), ("compensation", "other_body"),
        ("repatriation-stuck", "other_body"), ("nationality-delay", "other_body"), ("child-not-produced", "ours"),
        ("standard", None),
    ],
)  # fmt: skip
def test_a_ladder_that_climbs_past_an_idle_body_counts_the_delay_as_that_of_the_body(
    shipped: dict[str, Ladder], name: str, owner: str | None
) -> None:
    assert shipped[name].delay_owner == owner
