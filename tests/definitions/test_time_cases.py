"""A step's time limit has several cases, each with its condition, and gates have words: all of it changed by form."""

import re
from html import unescape

import pytest
from pydantic import BaseModel

from engine.definitions.pages.drafting import ONLY_TEXT
from engine.definitions.views import definition
from engine.language.workflow import (
    ApprovalRule,
    Assign,
    Back,
    Gate,
    NotBefore,
    Question,
    StepRepeat,
    StepSpec,
    TimeSpec,
    Wait,
)
from tests.definitions.test_studio import changed_lines, form_of_step, losses, posted, sentences
from tests.kit.portal import Portal, agree

pytestmark = pytest.mark.long

CASES = """workflow: cases
version: 1
title: Time limits with cases
case_type: trafficking
start: {on: hand}
facts: {agreed: {type: bool, default: false}, urgent: {type: bool, default: false}}
steps:
  plan: {uses: core.note, time: {limit: P2D}, questions: [{id: far, type: bool, label: Is it far away?}]}
  visit:
    uses: core.note
    after: plan
    time:
      # the usual case
      - {when: plan.far, from: plan, limit: P7D}  # by train
      - {when: urgent && !plan.far, limit: P1D, ladder: critical}  # at once
  call: {uses: core.note, after: plan}
gates:
  calm: {holds: [visit], until: agreed, reason: The partner has not agreed.}  # for safety
  rich: {holds: [visit], until: agreed && plan.far, reason: Too far.}
close: {when: all}
"""
_PLAN = "   plan: {uses: core.note, time: {limit: P2D}, questions: [{id: far, type: bool, label: Is it far away?}]}"
_FAR = "       - {when: plan.far, from: plan, limit: P7D}  # by train"
_NEAR = "       - {when: urgent && !plan.far, limit: P1D, ladder: critical}  # at once"
_CALM = "   calm: {holds: [visit], until: agreed, reason: The partner has not agreed.}  # for safety"
_NEW: dict[str, str | list[str] | None] = {
    "time-new-when": "urgent|",
    "time-new-amount": "3",
    "time-new-unit": "PT{}H",
    "time-new-ladder": "critical",
}
EACH: dict[str, tuple[str, dict[str, str | list[str] | None], list[str]]] = {
    **{f"nothing in {step}": (step, {}, []) for step in ("plan", "visit", "call")},
    "another condition": ("visit", {"time-0-when": "agreed|"}, [
        f"-{_FAR}", f"+{_FAR.replace('plan.far', 'agreed')}"]),
    "no condition": ("visit", {"time-0-when": ""}, [f"-{_FAR}", f"+{_FAR.replace('when: plan.far, ', '')}"]),
    "one case less": ("visit", {"time_gone": ["1"]}, [f"-{_NEAR}"]),
    "no case left": ("visit", {"time_gone": ["0", "1"]}, ["-     time:", "-       # the usual case", f"-{_FAR}",
                                                           f"-{_NEAR}"]),
    "one case more": ("visit", _NEW, ["+       - {when: urgent, limit: PT3H, ladder: critical}"]),
    "one for another": ("visit", _NEW | {"time_gone": ["0", "1"]}, [
        "-     time:", "-       # the usual case", f"-{_FAR}", f"-{_NEAR}",
        "+     time: {when: urgent, limit: PT3H, ladder: critical}  # at once"]),
    "a second case beside one": ("plan", _NEW | {"time-new-from": "start"}, [
        f"-{_PLAN}", "+" + _PLAN.replace(
            "{limit: P2D}", "[{when: urgent, from: start, limit: PT3H, ladder: critical}, {limit: P2D}]")]),
    "a second case, and the first one changed": ("plan", _NEW | {"amount-0": "4", "time-0-when": "agreed|"}, [
        f"-{_PLAN}", "+" + _PLAN.replace(
            "{limit: P2D}", "[{limit: P4D, when: agreed}, {when: urgent, limit: PT3H, ladder: critical}]")]),
    "one before that for all others": ("visit", _NEW | {"time_gone": ["1"], "time-0-when": ""}, [
        "+       - {when: urgent, limit: PT3H, ladder: critical}",
        f"-{_FAR}", f"+{_FAR.replace('when: plan.far, ', '')}", f"-{_NEAR}"]),
    "the words of a gate": ("visit", {"gate-calm-reason": "Ask the partner first."}, [
        f"-{_CALM}", f"+{_CALM.replace('The partner has not agreed.', 'Ask the partner first.')}"]),
    "what opens a gate": ("visit", {"gate-calm-when": "plan.far|"}, [
        f"-{_CALM}", f"+{_CALM.replace('until: agreed', 'until: plan.far')}"]),
}  # fmt: skip


@pytest.mark.parametrize("change", EACH)
def test_a_case_of_a_time_limit_or_a_gate_is_changed_in_its_own_line(portal: Portal, change: str) -> None:
    step, fields, lines = EACH[change]
    assert changed_lines(CASES, posted(portal, CASES, step, fields)[1]) == lines


def test_what_is_too_rich_for_a_list_is_told_in_words_with_the_way_to_the_text(portal: Portal) -> None:
    page, _ = posted(portal, CASES, "visit", {})
    told = re.findall(r'<p class="govuk-body">([^<]+) <a class="govuk-link" href="[^"]+">Edit it as text</a>', page)
    assert [one.partition(":")[0] for one in told] == ["Held until"]
    in_words = re.search(r"How long, where ([^<]+)<(?:(?!<select).)*?>Edit it as text</a>", page, re.DOTALL)
    assert in_words is not None, "the heading of the limit says it, and the way to the text is below"
    assert "How long, where far of “Note" not in page
    assert 'name="time-0-when"' in page
    assert 'name="time-1-when"' not in page


@pytest.mark.parametrize(("fields", "field", "sentence"), [
    ({"time-new-amount": "soon"}, "time-new-amount", "Write a whole number"),
    ({"time-new-when": "urgent|"}, "time-new-amount", "choose a limit of the law"),
    ({"gate-calm-reason": ""}, "gate-calm-reason", "Write what people read"),
    ({"gate-calm-reason": "x" * 501}, "gate-calm-reason", "at most 500 letters"),
    ({"gate-calm-when": ""}, "gate-calm-when", "Choose what must be so."),
])  # fmt: skip
def test_nonsense_about_a_case_or_a_gate_is_told_at_its_field(
    portal: Portal, fields: dict[str, str | list[str] | None], field: str, sentence: str
) -> None:
    page, source = posted(portal, CASES, "visit", fields | {"title": "A visit"})
    beside = re.search(rf'<p id="{field}-error"[^>]*>(.*?)</p>', page)
    assert source == CASES
    assert beside is not None
    assert sentence in beside[1]
    shown = form_of_step(page)
    assert {name: shown[name] for name in fields} == {name: [value] for name, value in fields.items()}


def test_a_case_taken_out_is_a_loss_in_red_agreed_to_by_another_and_taken_back(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), "/workflows/child-labour/draft"
    first = portal.engine.ask_all(definition, "workflow", "child-labour", None)
    sent = form_of_step(client.get(f"{here}?step=triage").text)
    new = {"time-new-amount": ["30"], "time-new-unit": ["PT{}M"]}
    assert "for all other cases.</p>" in client.post(here, data=sent | new).text
    chosen = re.findall(r'id="time-new-when".*?</select>', client.get(f"{here}?step=triage").text, re.DOTALL)
    when = re.findall(r'<option value="([^"]+\|[^"]*)"', chosen[0])[0]
    page = client.post(here, data=sent | new | {"time-new-when": [unescape(when)]}).text
    assert losses(page) == []
    assert "has a new time limit: within 30 minutes" in " ".join(sentences(page))
    asked = client.post(here, data={"action": "propose"})
    assert "waiting for a second person" in asked.text, re.findall("<li[^>]*>(.*?)</li>", asked.text)
    agree(portal)
    sent = form_of_step(client.get(f"{here}?step=triage").text)
    page = client.post(here, data=sent | {"time_gone": ["0"]}).text
    assert ["no longer has the time limit" in one for one in losses(page)] == [True]
    client.post(here, data={"action": "discard"})
    client.post("/definitions/workflow/child-labour/versions", data={"version": str(first.version)})
    agree(portal)
    assert portal.engine.ask_all(definition, "workflow", "child-labour", None).content_hash == first.content_hash


NAMED = """workflow: named
version: 1
title: Time limits by a name
case_type: trafficking
start: {on: hand}
facts: {agreed: {type: bool, default: false}, urgent: {type: bool, default: false}}
conditions:
  # what we call so
  at_once: urgent && !agreed
  slow: '!at_once'
steps:
  plan: {uses: core.note, time: {limit: P2D}}  # whoever is there
  visit:
    uses: core.note
    after: plan
    time:
      - {when: at_once, limit: PT3H}  # tonight
      - {when: urgent, limit: P1D}  # this week
gates:
  calm: {holds: [visit], until: at_once, reason: It is not at once.}  # for safety
close: {when: all}
"""
_ALONE = "   plan: {uses: core.note, time: {limit: P2D}}  # whoever is there"
_TONIGHT = "       - {when: at_once, limit: PT3H}  # tonight"
_THIS_WEEK = "       - {when: urgent, limit: P1D}  # this week"
_HELD = "   calm: {holds: [visit], until: at_once, reason: It is not at once.}  # for safety"
BY_NAME: dict[str, tuple[str, dict[str, str | list[str] | None], list[str]]] = {
    **{f"nothing in {step}": (step, {}, []) for step in ("plan", "visit")},
    "a limit by a name": ("visit", {"time-1-when": "slow|"}, [
        f"-{_THIS_WEEK}", f"+{_THIS_WEEK.replace('urgent', 'slow')}"]),
    "a limit by another name": ("visit", {"time-0-when": "slow|"}, [
        f"-{_TONIGHT}", f"+{_TONIGHT.replace('at_once', 'slow')}"]),
    "a limit by no name": ("visit", {"time-0-when": "agreed|"}, [
        f"-{_TONIGHT}", f"+{_TONIGHT.replace('at_once', 'agreed')}"]),
    "a new limit by a name": ("visit", _NEW | {"time-new-when": "slow|"}, [
        "+       - {when: slow, limit: PT3H, ladder: critical}"]),
    "the only limit by a name": ("plan", {"amount-0": "3", "time-new-amount": "1", "time-new-when": "slow|"}, [
        f"-{_ALONE}",
        "+" + _ALONE.replace("{limit: P2D}", "[{when: slow, limit: PT1H}, {limit: P3D}]")]),
    "a gate by another name": ("visit", {"gate-calm-when": "slow|"}, [
        f"-{_HELD}", f"+{_HELD.replace('until: at_once', 'until: slow')}"]),
    "a gate by no name": ("visit", {"gate-calm-when": "agreed|"}, [
        f"-{_HELD}", f"+{_HELD.replace('until: at_once', 'until: agreed')}"]),
    "done again until a name": ("plan", {"again-amount": "1", "again-times": "3", "again-when": "slow|"}, [
        f"-{_ALONE}",
        "+" + _ALONE.replace("P2D}}", "P2D}, repeat: {every: P1D, times: 3, until: slow}}")]),
}  # fmt: skip


@pytest.mark.parametrize("change", BY_NAME)
def test_a_limit_and_a_gate_take_a_condition_by_its_name_and_keep_it(portal: Portal, change: str) -> None:
    step, fields, lines = BY_NAME[change]
    assert changed_lines(NAMED, posted(portal, NAMED, step, fields)[1]) == lines


def test_a_limit_and_a_gate_by_a_name_offer_it_chosen_and_say_what_it_stands_for(portal: Portal) -> None:
    page = unescape(posted(portal, NAMED, "visit", {})[0])
    for field in ("time-0-when", "time-1-when", "time-new-when", "gate-calm-when"):
        offered = re.search(rf'name="{field}".*?</select>', page, re.DOTALL)
        assert offered is not None, field
        names = re.search(r'<optgroup label="Names of conditions">(.*?)</optgroup>', offered[0], re.DOTALL)
        assert names is not None, field
        assert re.findall(r'value="([^"]+)"', names[1]) == ["at_once|", "slow|"]
        chosen = re.findall(r'value="([^"]+)" selected', offered[0])
        wanted = {"time-0-when": ["at_once|"], "time-1-when": ["urgent|"], "gate-calm-when": ["at_once|"]}
        assert chosen == wanted.get(field, [])
    assert "How long, where “urgent” is true and “agreed” is false" in page
    assert "Until “urgent” is true and “agreed” is false." in page


FIELDS = {
    "title": "title", "help": "help", "after": "after", "when": "when-0", "assign / role": "role",
    "assign / not": "not_by", "time / when": "time-0-when", "time / from": "from-0", "time / limit": "amount-0",
    "time / law": "law-0", "time / ladder": "ladder-0", "time / warn": "warn-0", "time / on_breach": "missed-0",
    "for_each": "for_each", "not_before / from": "early-from", "not_before / wait": "early-amount",
    "repeat / every": "again-amount", "repeat / times": "again-times", "repeat / until": "again-when",
    "repeat / same_limit": "again-same",
    "discretionary": "optional", "back / to": "back-to", "back / when": "back-when", "back / times": "back-times",
    "wait / until": "wait-when", "wait / event": "wait-event", "wait / time_out": "wait-amount",
    "approve / role": "approver", "approve / limit": "approve-amount", "approve / ladder": "approve-ladder",
    "questions": "q0-label", "follow_ups": "follow_up_off",
}  # fmt: skip
"""The keys of a step, and the field of a form by which each is changed."""
PARTS = {
    "assign": Assign, "time": TimeSpec, "not_before": NotBefore, "repeat": StepRepeat, "back": Back, "wait": Wait,
    "approve": ApprovalRule,
}  # fmt: skip
QUESTION = {
    "id": "id", "type": "type", "label": "label", "help": "help", "choices": "choices", "required": "required",
    "sensitivity": "sensitivity", "when": "when",
}  # fmt: skip
WHOLE = """workflow: whole
version: 1
title: All that a step can say
case_type: trafficking
start: {on: hand}
facts: {agreed: {type: bool, default: false}}
steps:
  plan: {uses: core.note, time: {limit: P2D}, questions: [{id: far, type: bool, label: Is it far away?}]}
  wait:
    uses: core.wait
    after: plan
    wait: {until: agreed, time_out: P60D}
    time: {limit: P2D}
  talk:
    uses: rescue.production
    after: plan
    time: {limit: P2D}
    questions: [{id: why, type: text, label: Why?}, {id: who, type: bool, label: Who?}]
gates:
  calm: {holds: [talk], until: agreed, reason: The partner has not agreed.}
close: {when: all}
"""


def keys_of(spec: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in spec.model_fields.items()}


def test_each_key_of_a_step_has_a_field_or_a_reason_to_be_text(portal: Portal) -> None:
    text = {key.replace("unit from", "unit_from") for key in ONLY_TEXT["step"]}
    inside = {f"{part} / {key}" for part, spec in PARTS.items() for key in keys_of(spec)}
    assert FIELDS.keys() | text == keys_of(StepSpec) - PARTS.keys() - {"sets"} | inside, "facts have a form"
    assert not FIELDS.keys() & text
    assert QUESTION.keys() == keys_of(Question)
    assert keys_of(Gate) == {"holds", "until", "reason"}
    pages = "".join(posted(portal, WHOLE, step, {})[0] for step in ("talk", "wait"))
    fields = {*FIELDS.values(), *(f"q0-{name}" for name in QUESTION.values()), "gate", "gate-calm-when",
              "gate-calm-reason"}  # fmt: skip
    assert {field for field in fields if f'name="{field}"' not in pages} == set()
    for why in ONLY_TEXT["step"].values():
        assert why.replace("'", "&#39;") in pages
