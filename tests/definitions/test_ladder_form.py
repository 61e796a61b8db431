"""All that a ladder can say is changed by its forms, in the lines that are meant, and told in words."""

import re

import pytest

from engine.definitions.actions.drafts import open_draft
from engine.definitions.pages.drafting import ONLY_TEXT
from engine.definitions.views import definition
from engine.language.ladders import Ladder, Level, LevelRecipient, LevelRepeat
from tests.definitions.test_calendar_form import Form, form_with
from tests.definitions.test_studio import changed_lines, forms_of_levels, losses, sentences
from tests.kit.portal import Portal, agree

pytestmark = pytest.mark.long

NAME = "child-not-produced"
HERE = f"/definitions/ladder/{NAME}/draft"
LEVEL = {
    "after": "amount", "to": "recipient", "channels": "channel", "needs_acknowledgement": "tick",
    "acknowledge_within": "within", "at_once": "tick", "raise_priority": "tick", "reassign": "tick",
    "offer_next_partner": "tick", "repeat": "every", "note": "note",
}  # fmt: skip
"""The keys of a level, and the field by which each is changed; its number and the last resort follow from its place."""
TO = {
    "person": "recipient", "role": "recipient", "partner": "recipient", "law_route": "body", "letter": "letter",
    "released_by": "released_by", "release_within": "release",
}  # fmt: skip
REPEAT = {"every": "every", "times": "times"}
RULES = {
    "title": "title", "overrides_quiet_hours": "rule", "delay_owner": "delay_owner", "hours_since": "hours_since",
    "note": "note",
}  # fmt: skip


@pytest.fixture(autouse=True)
def without_a_draft(portal: Portal) -> None:
    """Begin with what runs."""
    portal.as_role("case_manager").post(HERE, data={"action": "discard"})


def lines(portal: Portal, name: str = NAME) -> list[str]:
    running = portal.engine.ask_all(definition, "ladder", name, None).source
    return changed_lines(
        running, open_draft(portal.engine, "ladder", name, viewer=portal.people["case_manager"]).source
    )


def level(page: str, number: int) -> Form:
    return forms_of_levels(page)[number - 1] | {"action": ["level"]}


@pytest.mark.parametrize("name", [NAME, "critical", "leak"])
def test_the_forms_of_a_ladder_saved_unchanged_change_nothing(portal: Portal, name: str) -> None:
    client, here = portal.as_role("case_manager"), f"/definitions/ladder/{name}/draft"
    page = client.get(here).text
    for form in [*forms_of_levels(page), form_with(page, "hours_since") | {"action": ["ladder"]}]:
        assert client.post(here, data={"action": ["level"]} | form).status_code == 200
    assert lines(portal, name) == []


def test_a_letter_to_a_body_outside_repeats_and_quiet_hours_are_changed_agreed_to_and_taken_back(
    portal: Portal,
) -> None:
    client = portal.as_role("case_manager")
    first = portal.engine.ask_all(definition, "ladder", NAME, None)
    page = client.get(HERE).text
    client.post(HERE, data=level(page, 4) | {"release": ["2"], "released_by": ["supervisor"]})
    client.post(HERE, data=level(page, 3) | {"every": ["20"], "every_unit": ["PT{}M"], "times": ["3"]})
    client.post(HERE, data=level(page, 2) | {"note": ["Whoever leads the case"]})
    body = {"body": "Sub-Divisional Magistrate", "released_by": "case_manager", "release": "1"}
    client.post(HERE, data=level(page, 1) | {"recipient": ["law_route:"]} | {name: [v] for name, v in body.items()})
    page = client.post(
        HERE, data={"action": "ladder", "title": "Child not produced", "delay_owner": "other_body", "note": "Ask."}
    ).text
    letter, unit = "letter: escalation-letter, released_by", 'law_route: "District Child Protection Unit"'
    assert sorted(lines(portal)) == sorted([
        '- title: "Child not produced, or Child Welfare Committee idle"', "- overrides_quiet_hours: true",
        "- delay_owner: ours", "+ title: Child not produced", "+ delay_owner: other_body",
        "-     to: assignee",
        f"+     to: {{law_route: Sub-Divisional Magistrate, {letter}: case_manager, release_within: PT1H}}",
        "+     note: Whoever leads the case",
        "+     repeat: {every: PT20M, times: 3}",
        f"-     to: {{{unit}, {letter}: case_manager, release_within: PT1H}}",
        f"+     to: {{{unit}, {letter}: supervisor, release_within: PT2H}}",
        "+ note: Ask.",
    ])  # fmt: skip
    to = "District Child Protection Unit"
    assert set(losses(page)) == {
        "The escalation to the assignee (4 hours before it is due) is gone.",
        f"Whether the letter to {to} leaves is decided within 2 hours instead of 1 hour.",
        "Overrides quiet hours is gone: yes.",
    }
    for sentence in (
        "The supervisor is notified again 3 times more, every 20 minutes, instead of once only.",
        f"The supervisor decides whether the letter to {to} leaves, instead of the case manager.",
    ):
        assert sentence in sentences(page)
    client.post(HERE, data=level(client.get(HERE).text, 3) | {"every": ["30"], "times": ["2"]})
    page = client.post(HERE, data={"action": "ladder", "title": first.title, "rule": "overrides_quiet_hours"}).text
    assert "+     repeat: {every: PT30M, times: 2}" in lines(portal)
    asked = client.post(HERE, data={"action": "propose"})
    assert "waiting for a second person" in asked.text, sentences(asked.text)
    agree(portal)
    runs = portal.engine.library().ladders[NAME]
    assert (runs.levels[2].repeat, runs.levels[0].to.law_route) == (
        LevelRepeat.model_validate({"every": "PT30M", "times": 2}), "Sub-Divisional Magistrate",
    )  # fmt: skip
    page = client.post(HERE, data=level(client.get(HERE).text, 3) | {"every": [""], "times": [""]}).text
    assert losses(page) == ["The supervisor is no longer notified again: it was 2 times more, every 30 minutes."]
    client.post(f"/definitions/ladder/{NAME}/versions", data={"version": str(first.version)})
    agree(portal)
    assert portal.engine.ask_all(definition, "ladder", NAME, None).content_hash == first.content_hash


WRONG = {
    "every": ({"every": "soon", "times": "2"}, "l3-every", "Write a whole number"),
    "never in between": ({"every": "0", "times": "2"}, "l3-every", "write at least 1"),
    "no times": ({"every": "5"}, "l3-times", "Write how many times more"),
    "too many times": ({"every": "5", "times": "1000"}, "l3-times", "from 1 to 100"),
    "times alone": ({"times": "5"}, "l3-every", "Write after how long"),
    "no body": ({"recipient": "law_route:", "released_by": "supervisor", "release": "1"}, "l3-body", "which body"),
    "no letter": ({"recipient": "law_route:", "body": "x", "letter": "none-such"}, "l3-letter", "Choose the letter"),
    "nobody releases": ({"recipient": "law_route:", "body": "x", "release": "1"}, "l3-released_by", "Choose who"),
    "no time to release": (
        {"recipient": "law_route:", "body": "x", "released_by": "supervisor"}, "l3-release", "within how long"),
    "work for a body outside": (
        {"recipient": "partner:supervisor", "tick": "reassign"}, "l3-tick", "someone of the unit only"),
    "no way": ({"channel": []}, "l3-channel", "Tick at least one way"),
    "before the level above": ({"amount": "1", "side": "before"}, "l3-amount", "not before it"),
    "after the level below": ({"amount": "9000"}, "l3-amount", "not after it"),
    "a long note": ({"note": "x" * 2001}, "l3-note", "at most 2000 letters"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_a_level_is_told_at_its_field_and_what_was_typed_stays(portal: Portal, case: str) -> None:
    changes, field, problem = WRONG[case]
    client = portal.as_role("case_manager")
    form = level(client.get(HERE).text, 3) | {
        name: value if isinstance(value, list) else [value] for name, value in changes.items()
    }
    answer = client.post(HERE, data=form)
    beside = re.search(rf'<p id="{field}-error"[^>]*>(.*?)</p>', answer.text)
    assert answer.status_code == 422
    assert beside is not None
    assert problem in beside[1]
    assert f'href="#{field}"' in answer.text
    shown = forms_of_levels(answer.text)[2]
    assert {name: shown.get(name, []) for name in changes if name != "letter"} == {
        name: form[name] for name in changes if name != "letter"
    }
    assert lines(portal) == []


def test_what_does_not_fit_a_whole_ladder_is_told_and_its_only_level_stays(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    wrong = {"action": "ladder", "title": "", "hours_since": "x" * 61, "delay_owner": "nobody"}
    page = client.post(HERE, data=wrong).text
    for field in ("title", "hours_since", "delay_owner"):
        assert f'id="{field}-error"' in page
    asked = {"title": "Alone", "amount": "7", "unit": "PT{}M", "recipient": "person:assignee"}
    here = client.post("/ladders/new", data=asked).url.path
    assert "at least one level" in client.post(here, data={"action": "remove", "level": "1"}).text
    client.post(here, data={"action": "discard"})


def test_each_key_of_a_ladder_has_a_field_or_a_reason_to_be_text(portal: Portal) -> None:
    page = portal.as_role("case_manager").get(HERE).text
    text = ONLY_TEXT["ladder"].keys()
    assert RULES.keys() | text | {"levels"} == Ladder.model_fields.keys() - {"name"} | {"ladder"}
    assert LEVEL.keys() | {"level", "last_resort"} == Level.model_fields.keys()
    assert TO.keys() == LevelRecipient.model_fields.keys()
    assert REPEAT.keys() == LevelRepeat.model_fields.keys()
    one, rules = forms_of_levels(page)[0], form_with(page, "hours_since")
    for key, field in (LEVEL | TO | REPEAT).items():
        assert field in one or f'name="{field}"' in page, key
        assert field != "tick" or f'name="tick" type="checkbox" value="{key}"' in page, key
    assert set(RULES.values()) <= rules.keys()
