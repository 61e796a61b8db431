"""What all steps of a kind can bring later is changed by a form, which writes only the lines that it changes."""

import re
from html import unescape

import pytest

from engine.definitions.actions.drafts import save_draft
from tests.definitions.test_studio import form_with
from tests.definitions.test_studio_parts import HERE, Sent, of_part
from tests.kit.portal import Portal

KINDS = """workflow: parts
version: 1
title: Steps that bring more
case_type: trafficking
start: {on: hand}
follow_ups:
  # asked again the same day
  rescue.production: {order: {limit: PT12H}}  # sooner than usual
  rescue.execute:
    held: null  # not here
steps:
  out: {uses: rescue.execute, time: {limit: P2D}}
close: {when: all}
"""
_ORDER = "   rescue.production: {order: {limit: PT12H}}  # sooner than usual"
EACH: dict[str, tuple[str, Sent, list[str]]] = {
    "nothing": ("rescue.production", {}, []),
    "nothing of what is off": ("rescue.execute", {}, []),
    "nothing of what is usual": ("policing.fir", {}, []),
    "sooner": ("rescue.production", {"f-order-amount": "6"}, [f"-{_ORDER}", f"+{_ORDER.replace('12', '6')}"]),
    "another ladder": (
        "rescue.production", {"f-order-ladder": "critical"},
        [f"-{_ORDER}", f"+{_ORDER.replace('H}', 'H, ladder: critical}')}"],
    ),
    "not here": (
        "rescue.production", {"follow_up_off": ["order"]},
        [f"-{_ORDER}", f"+{_ORDER.replace('{limit: PT12H}', 'null')}"],
    ),
    "here again": (
        "rescue.execute", {"follow_up_off": []}, ["-   rescue.execute:", "-     held: null  # not here"]
    ),
    "where another answer is so": (
        "rescue.production", {"f-order-when-0": "this.order_type|interim_custody"},
        [f"-{_ORDER}", "+" + _ORDER.replace("H}", 'H, when: this.order_type == "interim_custody"}')],
    ),
    "always": (
        "rescue.production", {"f-order-when-0": ""},
        [f"-{_ORDER}", "+" + _ORDER.replace("H}", "H, when: null}")],
    ),
    "of another kind": (
        "policing.fir", {"follow_up_off": ["magistrate"]}, ["+   policing.fir: {magistrate: null}"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", EACH)
def test_what_steps_of_a_kind_bring_is_changed_in_its_own_lines_and_comments_stay(portal: Portal, change: str) -> None:
    uses, sent, lines = EACH[change]
    assert of_part(portal, f"follow_ups/{uses}", sent, text=KINDS)[0] == lines


def test_a_limit_that_is_none_is_refused_beside_its_field_and_what_was_chosen_stays(portal: Portal) -> None:
    lines, page = of_part(
        portal, "follow_ups/rescue.production", {"f-order-amount": "soon", "f-order-ladder": "high"}, text=KINDS
    )
    assert lines == []
    assert '<p id="f-order-amount-error" class="govuk-error-message">' in page
    assert form_with(page, "part")["f-order-ladder"] == ["high"]


def test_the_kinds_are_listed_with_what_is_changed_and_told_in_words(portal: Portal) -> None:
    client = portal.as_role("partnership_manager")
    save_draft(portal.engine, "workflow", "parts", KINDS, viewer=portal.people["partnership_manager"])
    page = unescape(client.get(f"{HERE}?whole=1").text)
    [listed] = re.findall(r'id="follow_ups">.*?</details>', page, re.DOTALL)
    said = re.findall(r"named=([a-z_.]+)#part\">([^<]+)</a>: ([^<]+)<", listed)
    assert [one[0] for one in said[:2]] == ["rescue.production", "rescue.execute"]
    assert said[1][1:] == ("Each “Rescue operation”", "changed: “The first hearing after the arrest”")
    assert {one[2] for one in said[2:]} == {"as usual"}
    assert "policing.fir" in {one[0] for one in said}
    form = unescape(client.get(f"{HERE}?part=follow_ups&named=policing.fir").text)
    assert "Each “FIR or Zero FIR”" in form
    assert (
        "“Apply to the Magistrate: station and Superintendent did not register it”: if stage is “refused again”" in form
    )
    assert 'id="part"' not in client.get(f"{HERE}?part=follow_ups&named=no.such").text


def test_a_condition_offers_the_answers_by_their_questions_facts_and_countries(portal: Portal) -> None:
    page = of_part(portal, "follow_ups/policing.fir", {}, text=KINDS)[1]
    [lists] = re.findall(r'<select[^>]* name="f-refusal-when-0"[^>]*>(.*?)</select>', unescape(page), re.DOTALL)
    said = dict(re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)', lists))
    assert (said["this.zero_fir|"], said["case.country|NP"]) == ("“Is it a Zero FIR?”", "country is “Nepal”")
    assert said["this.arrested_at|"] == "“Was someone arrested? When?”"
    assert re.findall(r'<option value="([^"]+)" selected', lists) == ["this.stage|refused"]


def test_a_number_in_a_condition_that_is_none_is_refused_beside_its_line(portal: Portal) -> None:
    sent: Sent = {"f-news_again-when-0": "this.arrests|", "f-news_again-number-0": "some"}
    lines, page = of_part(portal, "follow_ups/policing.update", sent, text=KINDS)
    assert lines == []
    assert '<p id="f-news_again-number-0-error" class="govuk-error-message">' in page
    sent |= {"f-news_again-number-0": "2", "f-news_again-test-0": "at_least"}
    assert of_part(portal, "follow_ups/policing.update", sent, text=KINDS)[0] == [
        "+   policing.update: {news_again: {when: this.arrests >= 2}}"
    ]


def test_what_an_act_brings_can_be_due_sooner_and_is_never_left_out(portal: Portal) -> None:
    lines, page = of_part(portal, "follow_ups/core.call", {"follow_up_off": ["recall"]}, text=KINDS)
    assert lines == []
    assert ('id="f-recall-amount"' in page, 'id="f-recall-off"' in page) == (True, False)
    sooner: Sent = {"f-recall-amount": "2", "f-recall-unit": "PT{}H"}
    assert of_part(portal, "follow_ups/core.call", sooner, text=KINDS)[0] == ["+   core.call: {recall: {limit: PT2H}}"]
